import { describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { hubLimits } from "../options.ts";
import { newCounters, type ReadResult } from "../ports/index.ts";
import { Admission } from "./admission.ts";
import { UserRates } from "./rates.ts";
import { ReadBudget } from "./read-budget.ts";
import { TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
  it("gives its burst at once, then what time earns, and never holds more", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    const takeAll = (nowMs: number): number => {
      let count = 0;
      for (; bucket.waitMs(nowMs) === 0; count++) bucket.use(1, nowMs);
      return count;
    };
    expect([takeAll(0), takeAll(0), takeAll(200), takeAll(10_000)]).toEqual([3, 0, 2, 3]);
  });

  it("lets a large use through and makes it wait for itself", () => {
    const bucket = new TokenBucket({ perSecond: 1_000, burst: 100 }, 0);
    bucket.use(600, 0);
    expect(bucket.waitMs(0)).toBe(501);
    expect(bucket.waitMs(500)).toBe(1);
    expect(bucket.waitMs(501)).toBe(0);
    expect([bucket.isFull(501), bucket.isFull(601)]).toEqual([false, true]);
  });
});

describe("the users' rates", () => {
  it("are remembered while something is owed, and no longer", () => {
    const rates = new UserRates(hubLimits);
    const spender = rates.join("spender", 0);
    spender.use(1_000, 0);
    rates.leave("spender");
    for (let n = 0; n < 1_000; n++) {
      rates.join(`u${n}`, 0);
      rates.leave(`u${n}`);
    }
    expect(rates.count).toBeLessThan(200);
    expect(rates.join("spender", 0)).toBe(spender);
    rates.leave("spender");
    for (let n = 0; n < 200; n++) {
      rates.join(`u${n}`, 60_000);
      rates.leave(`u${n}`);
    }
    expect(rates.join("spender", 60_000)).not.toBe(spender);
  });
});

const readOf = (bytes: number): ReadResult => ({
  entries: [{ data: new Uint8Array(bytes) }] as unknown as ReadResult["entries"],
  ...{
    head: { epoch: "e", offset: 0, tag: 1 },
    floor: { epoch: "e", offset: 0, tag: 1 },
    more: false,
    proof: "linked",
  },
});

/** A budget, and `ask`, which reads for somebody and notes in `done` when that ended. */
function budget(limits: { readsMax?: number; readsPerSecond?: number; readBytesPerSecond?: number }, tookMs = 0) {
  const clock = new FakeClock();
  const counters = newCounters();
  const reads = new ReadBudget({ clock, counters, limits: { ...hubLimits, ...limits } });
  const done: string[] = [];
  const ask = (by: object, name: string, bytes = 0): void =>
    void reads
      .run(by, async () => {
        if (tookMs > 0) await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
        return readOf(bytes);
      })
      .then(() => done.push(name));
  return { clock, counters, reads, done, ask };
}

describe("the store's read budget", () => {
  it("lets so many reads begin a second", async () => {
    const { clock, counters, done, ask } = budget({ readsPerSecond: 10 });
    for (let n = 0; n < 30; n++) ask(counters, `${n}`);
    await clock.settle();
    expect(done.length).toBe(10);
    await clock.advanceAsync(500);
    expect(done.length).toBe(15);
    await clock.advanceAsync(1_500);
    expect([done.length, counters.storeReads, counters.readWaits]).toEqual([30, 30, 20]);
  });

  it("waits until the bytes that were read are paid for", async () => {
    const { clock, done, ask, counters } = budget({ readBytesPerSecond: 100_000 });
    ask(counters, "large", 200_000);
    await clock.settle();
    ask(counters, "next");
    await clock.advanceAsync(900);
    expect(done).toEqual(["large"]);
    await clock.advanceAsync(200);
    expect(done).toEqual(["large", "next"]);
  });

  it("serves those who wait in turns, not in the order of their asking", async () => {
    const { clock, done, ask } = budget({ readsMax: 1 }, 10);
    const [greedy, modest, third] = [{}, {}, {}];
    for (let n = 1; n <= 4; n++) ask(greedy, `greedy ${n}`);
    ask(modest, "modest 1");
    ask(third, "third 1");
    ask(modest, "modest 2");
    await clock.advanceAsync(200);
    expect(done).toEqual(["greedy 1", "greedy 2", "modest 1", "third 1", "greedy 3", "modest 2", "greedy 4"]);
  });

  it("goes on after a read that failed", async () => {
    const { clock, reads, done, ask } = budget({ readsMax: 1 });
    const failed = reads.run({}, () => Promise.reject(new Error("away"))).catch(String);
    ask({}, "after");
    await clock.settle();
    expect([await failed, done]).toEqual(["Error: away", ["after"]]);
  });
});

describe("admission", () => {
  /** Keeps `asking` appends under way as far as they are let in, each answered after `tookMs`. */
  async function load(admission: Admission, clock: FakeClock, tookMs: () => number, forMs: number, asking = 500) {
    let underWay = 0;
    let refused = 0;
    for (let ms = 0; ms < forMs; ms++) {
      while (underWay < asking && admission.refusalMs === undefined) {
        underWay++;
        void admission
          .run(() => new Promise<void>((resolve) => void clock.after(tookMs(), resolve)))
          .then(() => underWay--);
      }
      if (underWay < asking) refused++;
      await clock.advanceAsync(1);
    }
    return refused;
  }
  const limits = { ...hubLimits, appendsMin: 8, appendsMax: 1_000, appendTargetMs: 50 };

  it("refuses nobody while the store answers in time", async () => {
    const clock = new FakeClock();
    const admission = new Admission({ clock, limits });
    expect(await load(admission, clock, () => 20, 500)).toBe(0);
    expect(admission.max).toBe(1_000);
  });

  it("lets fewer in when it answers late, down to the fewest, and more again when it has recovered", async () => {
    const clock = new FakeClock();
    const admission = new Admission({ clock, limits });
    expect(await load(admission, clock, () => 200, 6_000)).toBeGreaterThan(0);
    expect(admission.max).toBeLessThan(100);
    await load(admission, clock, () => 5, 3_000);
    expect(admission.max).toBe(1_000);
    expect(admission.refusalMs).toBeUndefined();
  });

  it("counts an append that failed", async () => {
    const clock = new FakeClock();
    const admission = new Admission({ clock, limits: { ...limits, appendsMin: 1, appendsMax: 1 } });
    const failed = admission.run(() => Promise.reject(new Error("away"))).catch(String);
    expect(admission.refusalMs).toBe(50);
    expect(await failed).toBe("Error: away");
    expect(admission.refusalMs).toBeUndefined();
  });
});
