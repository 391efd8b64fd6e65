import { describe, expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.ts";

const draw = (random: SeededRandom): number[] => Array.from({ length: 50 }, () => random.u32());

describe("seeded chance", () => {
  it("repeats for the same seed and differs for another", () => {
    expect(draw(new SeededRandom(7))).toEqual(draw(new SeededRandom(7)));
    expect(draw(new SeededRandom(7))).not.toEqual(draw(new SeededRandom(8)));
  });

  it("gives a fork a sequence that later draws do not disturb", () => {
    const one = new SeededRandom(7);
    const fork = one.fork();
    draw(one);
    expect(draw(fork)).toEqual(draw(new SeededRandom(7).fork()));
  });

  it("stays inside its ranges and reaches both ends", () => {
    const random = new SeededRandom(1);
    const drawn = new Set(Array.from({ length: 500 }, () => random.between(3, 6)));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
    for (let count = 0; count < 100; count++) expect(random.float()).toBeLessThan(1);
    expect(random.bytes(5)).toHaveLength(5);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
