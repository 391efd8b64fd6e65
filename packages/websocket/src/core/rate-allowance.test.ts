import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { RateAllowance } from "./rate-allowance.ts";

/** How many of `tries` are let through. */
const taken = (allowance: RateAllowance, tries: number): number => {
  let count = 0;
  for (let index = 0; index < tries; index++) if (allowance.take()) count++;
  return count;
};

describe("a rate allowance", () => {
  it("lets twice a second's worth through at once, then what time earns", () => {
    let nowMs = 5_000;
    const allowance = new RateAllowance(10, () => nowMs);
    expect(taken(allowance, 100)).toBe(20);
    nowMs += 99;
    expect(taken(allowance, 100)).toBe(0);
    nowMs += 1;
    expect(taken(allowance, 100)).toBe(1);
    nowMs += 500;
    expect(taken(allowance, 100)).toBe(5);
    nowMs += 3_600_000;
    expect(taken(allowance, 100)).toBe(10);
  });

  it("never refuses who keeps to the rate, nor lets more through than the rate and two seconds' worth", () => {
    const dice = new SeededRandom(11);
    let nowMs = 0;
    const steady = new RateAllowance(3, () => nowMs);
    const greedy = new RateAllowance(3, () => nowMs);
    let greedyCount = 0;
    for (let at = 0; at < 3_000; at++) {
      nowMs = Math.max(nowMs, (at * 1_000) / 3 + dice.float() * 300);
      expect(steady.take()).toBe(true);
      greedyCount += taken(greedy, 10);
    }
    expect(greedyCount).toBeLessThanOrEqual((nowMs / 1_000) * 3 + 6);
    expect(greedyCount).toBeGreaterThan((nowMs / 1_000) * 3 - 1);
  });

  it("asks for the time once per second's worth", () => {
    let asked = 0;
    const allowance = new RateAllowance(1_000, () => asked++ * 10_000);
    expect(taken(allowance, 10_000)).toBe(10_000);
    expect(asked).toBe(9);
  });
});
