import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { newLadder, type TransportMemory } from "./ladder.ts";
import type { Transport, TransportHandlers } from "./transport.ts";

/** A transport whose attempts the test answers. */
class Rung implements Transport {
  readonly attempts: TransportHandlers[] = [];
  readonly sent: string[] = [];
  readonly closes: (number | undefined)[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  open(handlers: TransportHandlers) {
    this.attempts.push(handlers);
    return { send: (text: string) => void this.sent.push(text), close: (code?: number) => void this.closes.push(code) };
  }

  get last(): TransportHandlers {
    return this.attempts.at(-1) as TransportHandlers;
  }
}

/** What a device remembers between two pages. */
class Memory implements TransportMemory {
  text: string | undefined;
  get = (): string | undefined => this.text;
  set = (text: string): void => void (this.text = text);
}

function scene(memory = new Memory(), clock = new FakeClock()) {
  const rungs = [new Rung("websocket"), new Rung("stream"), new Rung("poll")] as const;
  const ladder = newLadder(rungs, { clock, memory, headStartMs: 1_000, upAfterMs: 300_000 });
  const heard: string[] = [];
  const open = () => {
    const link = ladder.open({
      opened() {
        heard.push("opened");
        link.send("hello");
      },
      message: (text) => void heard.push(text),
      closed: (code, why) => void heard.push(`closed ${code} ${why}`),
    });
    return link;
  };
  const counts = (): number[] => rungs.map(({ attempts }) => attempts.length);
  const current = () => [ladder.name, ladder.why];
  /** Connects over the second, the first being refused. */
  const lowered = () => {
    const link = open();
    rungs[0].last.closed(1006, "refused");
    rungs[1].last.opened();
    rungs[1].last.message("welcome");
    return link;
  };
  return { clock, memory, rungs, heard, open, counts, current, lowered };
}

describe("a ladder of transports", () => {
  it("uses the first when it answers in time, and tries no other", () => {
    const { clock, rungs, memory, heard, open, counts, current } = scene();
    open();
    rungs[0].last.opened();
    rungs[0].last.message("welcome");
    clock.advance(600_000);
    expect(counts()).toEqual([1, 0, 0]);
    expect(rungs[0].sent).toEqual(["hello"]);
    expect(heard).toEqual(["opened", "welcome"]);
    expect(current()).toEqual(["websocket", undefined]);
    expect(memory.text).toBeUndefined();
  });

  it("tries the next beside one that keeps it waiting, and drops what answers late", () => {
    const { clock, rungs, heard, open, counts, current } = scene();
    open();
    clock.advance(999);
    expect(counts()).toEqual([1, 0, 0]);
    clock.advance(1);
    rungs[1].last.opened();
    rungs[1].last.message("welcome");
    expect(rungs[0].closes).toHaveLength(1);
    rungs[0].last.opened();
    rungs[0].last.message("late");
    rungs[0].last.closed(1000, "");
    expect(heard).toEqual(["opened", "welcome"]);
    expect(current()).toEqual(["stream", "silent"]);
  });

  it("greets each that opens until one has answered: what opens may still let nothing through", () => {
    const { clock, rungs, heard, open, current } = scene();
    open();
    rungs[0].last.opened();
    clock.advance(1_000);
    rungs[1].last.opened();
    clock.advance(1_000);
    rungs[2].last.opened();
    expect(rungs.map(({ sent }) => sent)).toEqual([["hello"], ["hello"], ["hello"]]);
    rungs[2].last.message("welcome");
    expect([rungs[0].closes.length, rungs[1].closes.length]).toEqual([1, 1]);
    expect(heard).toEqual(["opened", "welcome"]);
    expect(current()).toEqual(["poll", "silent"]);
  });

  it("goes to the next at once when one is refused", () => {
    const { rungs, open, counts, current } = scene();
    open();
    rungs[0].last.closed(1006, "refused");
    expect(counts()).toEqual([1, 1, 0]);
    expect(current()).toEqual(["stream", "refused"]);
  });

  it("leaves the next its head start when one before it is refused late", () => {
    const { clock, rungs, open, counts } = scene();
    open();
    clock.advance(1_000);
    rungs[0].last.closed(1006, "refused");
    clock.advance(999);
    expect(counts()).toEqual([1, 1, 0]);
    clock.advance(1);
    expect(counts()).toEqual([1, 1, 1]);
  });

  it("waits for the first to come back, twice, when it has worked: its server may be away", () => {
    const { rungs, heard, open, counts } = scene();
    open();
    rungs[0].last.opened();
    rungs[0].last.message("welcome");
    rungs[0].last.closed(1006, "gone");
    for (let round = 0; round < 2; round++) {
      open();
      rungs[0].last.closed(1006, "refused");
    }
    expect(heard.slice(2)).toEqual(["closed 1006 gone", "closed 1006 refused", "closed 1006 refused"]);
    expect(counts()).toEqual([3, 0, 0]);
    open();
    rungs[0].last.closed(1006, "refused");
    expect(counts()).toEqual([4, 1, 0]);
  });

  it("is ended by the first that says so", () => {
    const { rungs, heard, open } = scene();
    open();
    rungs[0].last.opened();
    const bye = '{"t":"bye","code":4406,"why":"no common version"}';
    rungs[0].last.message(bye);
    expect(heard).toEqual(["opened", bye]);
  });

  it("fails when all have, and begins at the top again", () => {
    const { rungs, heard, open, counts } = scene();
    open();
    for (const rung of rungs) rung.last.closed(1006, "no network");
    expect(heard).toEqual(["closed 1006 no network"]);
    open();
    expect(counts()).toEqual([2, 1, 1]);
  });

  it("begins with what worked in the page before, and tries all others too", () => {
    const before = scene();
    before.lowered();
    const { rungs, open, counts } = scene(before.memory, before.clock);
    open();
    expect(counts()).toEqual([0, 1, 0]);
    rungs[1].last.closed(1006, "blocked");
    rungs[0].last.closed(1006, "blocked");
    expect(counts()).toEqual([1, 1, 1]);
  });

  it.each(["carrier-pigeon 1800000000000", "", "stream", "stream 1799999699999"])(
    "begins at the top when what was remembered is %j: unknown, damaged or old",
    (text) => {
      const memory = new Memory();
      memory.text = text;
      const { open, counts } = scene(memory);
      open();
      expect(counts()).toEqual([1, 0, 0]);
    },
  );

  it("looks up after five minutes, and has the client open its next connection when the best works", () => {
    const { clock, rungs, heard, open, counts, lowered } = scene();
    lowered();
    clock.advance(299_999);
    expect(counts()).toEqual([1, 1, 0]);
    clock.advance(1);
    rungs[0].last.closed(1006, "blocked");
    clock.advance(300_000);
    expect(heard).toEqual(["opened", "welcome"]);
    rungs[0].last.opened();
    expect(heard.at(-1)).toBe('{"t":"move"}');
    expect(rungs[0].closes).not.toEqual([]);
    expect(rungs[1].closes).toEqual([]);
    open();
    expect(counts()).toEqual([4, 1, 0]);
  });

  it("looks up sooner, and ever less often, where the best has worked", () => {
    const { clock, rungs, open, counts } = scene();
    open();
    rungs[0].last.opened();
    rungs[0].last.message("welcome");
    rungs[0].last.closed(1006, "gone");
    open();
    clock.advance(1_000);
    rungs[1].last.opened();
    rungs[1].last.message("welcome");
    const looks: number[] = [];
    for (let second = 0; second < 100; second++) {
      const [before] = counts();
      clock.advance(1_000);
      if (counts()[0] !== before) looks.push(second + 1);
    }
    expect(looks).toEqual([10, 29, 66]);
  });

  it("lets a connection made ahead stand ungreeted without trying others", () => {
    const { clock, rungs, counts } = scene();
    const { memory } = scene();
    const ladder = newLadder(rungs, { clock, memory, headStartMs: 1_000, upAfterMs: 300_000 });
    const link = ladder.open({ opened() {}, message() {}, closed() {} });
    rungs[0].last.opened();
    clock.advance(3_000);
    expect(counts()).toEqual([1, 0, 0]);
    link.send("hello");
    clock.advance(1_000);
    expect(counts()).toEqual([1, 1, 0]);
  });

  it("lets go of all it tried when it is given up", () => {
    const { clock, rungs, heard, open, counts } = scene();
    const link = open();
    clock.advance(1_000);
    link.close(4002);
    clock.endTurn();
    expect(rungs[0].closes).toEqual([4002]);
    expect(rungs[1].closes).toEqual([4002]);
    expect(heard).toEqual(["closed 1006 closed"]);
    rungs[1].last.opened();
    clock.advance(10_000);
    expect(counts()).toEqual([1, 1, 0]);
    expect(heard).toHaveLength(1);
  });
});
