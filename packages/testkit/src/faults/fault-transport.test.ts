import { OptionError } from "@heddle/base";
import { FakeClock } from "@heddle/base/fakes";
import type { Transport, TransportHandlers } from "@heddle/client/core";
import { beforeEach, describe, expect, it } from "vitest";
import { faultTransport, type FaultTransport } from "./fault-transport.ts";

/** The network's end of one link. */
interface Wire {
  readonly handlers: TransportHandlers;
  readonly sent: string[];
  isClosed: boolean;
}

let clock: FakeClock;
let wires: Wire[];
let faults: FaultTransport;
let heard: string[];

const inner: Transport = {
  name: "fake",
  open(handlers) {
    const wire: Wire = { handlers, sent: [], isClosed: false };
    wires.push(wire);
    return { send: (text) => void wire.sent.push(text), close: () => void (wire.isClosed = true) };
  },
};

const listener = (): TransportHandlers => ({
  opened: () => void heard.push("opened"),
  message: (text) => void heard.push(text),
  closed: (code) => void heard.push(`closed ${code}`),
});

const lastWire = (): Wire => wires.at(-1) as Wire;

beforeEach(() => {
  clock = new FakeClock();
  wires = [];
  heard = [];
  faults = faultTransport(inner, { clock, heldBytesMax: 1_024 });
});

describe("a fault transport without a fault", () => {
  it("passes everything at once, both ways", () => {
    const link = faults.open(listener());
    lastWire().handlers.opened();
    link.send("up");
    lastWire().handlers.message("down");
    link.close(1000, "done");
    expect(lastWire()).toMatchObject({ sent: ["up"], isClosed: true });
    lastWire().handlers.closed(1000, "done");
    expect(heard).toEqual(["opened", "down", "closed 1000"]);
    expect(faults.status).toEqual({ isCut: false, isReaderFrozen: false, delayMs: 0, linkCount: 0, heldCount: 0 });
  });
});

describe("cut", () => {
  it("closes open links and refuses new ones until it is mended", () => {
    faults.open(listener());
    lastWire().handlers.opened();
    faults.cut();
    expect(heard).toEqual(["opened", "closed 1006"]);
    expect(lastWire().isClosed).toBe(true);
    faults.open(listener());
    expect(wires).toHaveLength(1);
    clock.advance(50);
    expect(heard.at(-1)).toBe("closed 1006");
    faults.cut(false);
    faults.open(listener());
    expect(wires).toHaveLength(2);
  });
});

describe("freezeReader", () => {
  it("withholds messages and the close behind them, in order, and lets sends pass", () => {
    const link = faults.open(listener());
    lastWire().handlers.opened();
    faults.freezeReader();
    lastWire().handlers.message("a");
    lastWire().handlers.message("b");
    lastWire().handlers.closed(4001, "slow");
    link.send("up");
    expect(heard).toEqual(["opened"]);
    expect(lastWire().sent).toEqual(["up"]);
    expect(faults.status).toMatchObject({ isReaderFrozen: true, heldCount: 3 });
    faults.freezeReader(false);
    expect(heard).toEqual(["opened", "a", "b", "closed 4001"]);
  });

  it("kills the link when more is withheld than its limit", () => {
    faults.open(listener());
    faults.freezeReader();
    lastWire().handlers.message("x".repeat(1_025));
    expect(heard).toEqual(["closed 1006"]);
    expect(lastWire().isClosed).toBe(true);
  });

  it("applies to links opened later", () => {
    faults.freezeReader();
    faults.open(listener());
    lastWire().handlers.opened();
    expect(heard).toEqual([]);
  });
});

describe("kill", () => {
  it("at once: the client sees the link close, and the next attempt works", () => {
    faults.open(listener());
    faults.kill();
    expect(heard).toEqual(["closed 1006"]);
    faults.open(listener());
    lastWire().handlers.opened();
    expect(heard).toEqual(["closed 1006", "opened"]);
  });

  it("silently: nothing passes and nothing is told until the client gives up", () => {
    const link = faults.open(listener());
    lastWire().handlers.opened();
    faults.kill("silent");
    link.send("lost");
    lastWire().handlers.message("lost");
    lastWire().handlers.closed(4002, "no pong");
    expect(heard).toEqual(["opened"]);
    expect(lastWire().sent).toEqual([]);
    link.close();
    expect(heard).toEqual(["opened"]);
    clock.advance(0);
    expect(heard).toEqual(["opened", "closed 1006"]);
  });
});

describe("delay", () => {
  it("makes every message later by that much and keeps their order when it shrinks", () => {
    const link = faults.open(listener());
    lastWire().handlers.opened();
    faults.delay(200);
    lastWire().handlers.message("a");
    link.send("up");
    faults.delay(10);
    lastWire().handlers.message("b");
    clock.advance(199);
    expect(heard).toEqual(["opened"]);
    clock.advance(1);
    expect(heard).toEqual(["opened", "a", "b"]);
    expect(lastWire().sent).toEqual(["up"]);
  });

  it("refuses what is out of range", () => {
    expect(() => faults.delay(-1)).toThrow(OptionError);
    expect(() => faultTransport(inner, { heldBytesMax: 1 })).toThrow(/heldBytesMax: 1 given/);
  });
});

describe("changed", () => {
  it("emits the status after each call", () => {
    const seen: boolean[] = [];
    faults.changed.on((status) => seen.push(status.isReaderFrozen));
    faults.freezeReader();
    faults.freezeReader(false);
    expect(seen).toEqual([true, false]);
  });
});
