import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { newLadder, type Ladder } from "./ladder.ts";
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

function scene() {
  const clock = new FakeClock();
  const rungs = [new Rung("websocket"), new Rung("stream"), new Rung("poll")] as const;
  const ladder: Ladder = newLadder(rungs, { clock, headStartMs: 1_000, upAfterMs: 300_000 });
  const heard: string[] = [];
  const open = () =>
    ladder.open({
      opened: () => heard.push("opened"),
      message: (text) => heard.push(text),
      closed: (code, why) => heard.push(`closed ${code} ${why}`),
    });
  return { clock, rungs, ladder, heard, open };
}

describe("a ladder of transports", () => {
  it("uses the first when it opens in time, and tries no other", () => {
    const { clock, rungs, ladder, heard, open } = scene();
    const link = open();
    rungs[0].last.opened();
    link.send("hello");
    rungs[0].last.message("welcome");
    clock.advance(5_000);
    expect(rungs.map(({ attempts }) => attempts.length)).toEqual([1, 0, 0]);
    expect(rungs[0].sent).toEqual(["hello"]);
    expect(heard).toEqual(["opened", "welcome"]);
    expect(ladder.current).toEqual({ name: "websocket", why: "" });
  });

  it("tries the next beside one that keeps it waiting, and remembers which brought something", () => {
    const { clock, rungs, ladder, heard, open } = scene();
    const link = open();
    clock.advance(999);
    expect(rungs[1].attempts).toHaveLength(0);
    clock.advance(1);
    rungs[1].last.opened();
    expect(rungs[0].closes).toHaveLength(1);
    link.send("hello");
    rungs[1].last.message("welcome");
    rungs[0].last.opened(); // late
    expect(heard).toEqual(["opened", "welcome"]);
    expect(ladder.current).toEqual({ name: "stream", why: "websocket: not open after 1000 ms" });
    rungs[1].last.closed(1006, "cut");
    expect(heard.at(-1)).toBe("closed 1006 cut");
    open();
    expect(rungs.map(({ attempts }) => attempts.length)).toEqual([1, 2, 0]);
  });

  it("goes to the next at once when one is refused", () => {
    const { rungs, ladder, open } = scene();
    open();
    rungs[0].last.closed(1006, "refused");
    expect(rungs[1].attempts).toHaveLength(1);
    expect(ladder.current).toEqual({ name: "stream", why: "websocket: refused" });
  });

  it("steps down from one that opens and brings nothing", () => {
    const { rungs, ladder, open } = scene();
    open();
    rungs[0].last.closed(1006, "");
    rungs[1].last.opened();
    const [link] = [open()];
    rungs[0].last.closed(1006, "");
    rungs[1].last.opened();
    link.close(4002);
    open();
    expect(rungs[2].attempts).toHaveLength(1);
    expect(ladder.current).toEqual({ name: "poll", why: "stream: nothing came" });
  });

  it("fails when all have, and begins at the top again", () => {
    const { rungs, heard, open } = scene();
    open();
    for (const rung of rungs) rung.last.closed(1006, "no network");
    expect(heard).toEqual(["closed 1006 no network"]);
    open();
    expect(rungs[0].attempts).toHaveLength(2);
  });

  it("looks up after a while, and has the client come again when the best one works", () => {
    const { clock, rungs, heard, open } = scene();
    open();
    rungs[0].last.closed(1006, "blocked");
    rungs[1].last.opened();
    rungs[1].last.message("welcome");
    clock.advance(300_000);
    expect(rungs[0].attempts).toHaveLength(2);
    rungs[0].last.closed(1006, "blocked");
    clock.advance(300_000);
    expect(heard).toEqual(["opened", "welcome"]);
    rungs[0].last.opened();
    expect(JSON.parse(heard.at(-1) as string)).toMatchObject({ t: "bye", code: 4005, after: 1 });
    expect(rungs[0].closes).not.toEqual([]);
    open();
    expect(rungs[0].attempts).toHaveLength(4);
  });

  it("lets go of all it tried when it is given up", () => {
    const { clock, rungs, heard, open } = scene();
    const link = open();
    clock.advance(1_000);
    link.close(4002);
    clock.endTurn();
    expect(rungs[0].closes).toEqual([4002]);
    expect(rungs[1].closes).toEqual([4002]);
    expect(heard).toEqual(["closed 1006 given up"]);
    clock.advance(10_000);
    expect(rungs[2].attempts).toHaveLength(0);
  });
});
