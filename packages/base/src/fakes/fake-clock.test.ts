import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

describe("a fake clock", () => {
  it("runs what is due in order of time, then in the order it was asked for", () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push("late"));
    clock.after(10, () => ran.push("first"));
    clock.after(10, () => ran.push("second"));
    clock.advance(10);
    expect(ran).toEqual(["first", "second"]);
    clock.advance(9);
    expect(ran).toEqual(["first", "second"]);
    clock.advance(1);
    expect(ran).toEqual(["first", "second", "late"]);
    expect(clock.monotonicMs()).toBe(20);
  });

  it("keeps the order of many timers set in any order", () => {
    const clock = new FakeClock();
    const delays = Array.from({ length: 200 }, (_, index) => (index * 7919) % 211);
    const ran: number[] = [];
    for (const delay of delays) clock.after(delay, () => ran.push(delay));
    clock.advance(300);
    expect(ran).toEqual([...delays].sort((a, b) => a - b));
  });

  it("does not run what was disposed, and disposing twice or late does nothing", () => {
    const clock = new FakeClock();
    let ranCount = 0;
    const timer = clock.after(5, () => ranCount++);
    timer[Symbol.dispose]();
    clock.advance(10);
    const other = clock.after(5, () => ranCount++);
    clock.advance(10);
    other[Symbol.dispose]();
    other[Symbol.dispose]();
    expect(ranCount).toBe(1);
    expect(clock.nextDueMs).toBeUndefined();
  });

  it("ends the turn before time moves on, and after each timer", () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    clock.turnEnd(() => ran.push("end of first turn"));
    clock.after(1, () => {
      ran.push("timer");
      clock.turnEnd(() => ran.push("end of its turn"));
    });
    clock.after(1, () => ran.push("next timer"));
    clock.advance(1);
    expect(ran).toEqual(["end of first turn", "timer", "end of its turn", "next timer"]);
  });

  it("moves the wall clock with time and jumps it alone", () => {
    const clock = new FakeClock(1_000);
    clock.advance(5);
    clock.jumpWall(-500);
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([5, 505]);
  });

  it("lets promises settle between timers", async () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    clock.after(1, () => void Promise.resolve().then(() => ran.push("reaction")));
    clock.after(2, () => ran.push("later timer"));
    await clock.advanceAsync(2);
    expect(ran).toEqual(["reaction", "later timer"]);
  });
});
