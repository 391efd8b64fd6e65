import { describe, expect, it } from "vitest";
import { virtualTime, VirtualTimeError } from "./virtual-time.ts";

describe("virtual time", () => {
  it("stands still by itself, and moves exactly as far as it is told", async () => {
    const time = virtualTime();
    const startedMs = time.wallMs();
    await time.settle();
    expect(time.monotonicMs()).toBe(0);
    await time.advance(1_500);
    expect([time.monotonicMs(), time.wallMs() - startedMs]).toEqual([1_500, 1_500]);
  });

  it("runs timers in their order, each behind the promise reactions of the one before", async () => {
    const time = virtualTime();
    const seen: string[] = [];
    time.after(20, () => seen.push("c"));
    time.after(10, () => {
      seen.push("a");
      void Promise.resolve().then(() => Promise.resolve().then(() => seen.push("b")));
    });
    time.after(31, () => seen.push("too late"));
    await time.advance(30);
    expect(seen).toEqual(["a", "b", "c"]);
  });

  it("settles what is due now, turn ends included, however long the chain", async () => {
    const time = virtualTime();
    let count = 0;
    const again = (): void => {
      if (++count < 100) time.turnEnd(() => void Promise.resolve().then(() => time.after(0, again)));
    };
    again();
    await time.settle();
    expect([count, time.monotonicMs()]).toEqual([100, 0]);
  });

  it("runs until a promise has settled, and passes on how", async () => {
    const time = virtualTime();
    const later = time.sleep(700).then(() => "done");
    expect(await time.run(later)).toBe("done");
    expect(time.monotonicMs()).toBe(700);
    const broken = time.sleep(1).then(() => Promise.reject(new Error("broken")));
    await expect(time.run(broken)).rejects.toThrow("broken");
  });

  it("says so when what is waited for does not come", async () => {
    const time = virtualTime();
    await expect(time.run(new Promise(() => {}))).rejects.toThrow("nothing is left to happen");
    time.after(90_000, () => {});
    await expect(time.until(() => false)).rejects.toThrow(VirtualTimeError);
    expect(time.monotonicMs()).toBe(0);
  });

  it("rejects with what a timer throws", async () => {
    const time = virtualTime();
    time.after(5, () => {
      throw new Error("in a timer");
    });
    await expect(time.advance(10)).rejects.toThrow("in a timer");
  });

  it("gives up on work without an end", async () => {
    const time = virtualTime({ eventsMax: 1_000 });
    const again = (): void => void time.after(0, again);
    again();
    await expect(time.settle()).rejects.toThrow(/1000 events/);
  });
});
