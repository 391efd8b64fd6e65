// Chance that repeats: the sfc32 generator seeded by splitmix32. Not for secrets.

import type { Random } from "../random.ts";

/** A random source whose whole sequence follows from `seed`. `fork` gives an actor a sequence of its own. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const splitmix = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    [this.#a, this.#b, this.#c, this.#d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#d) >>> 0;
    this.#d = (this.#d + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  float(): number {
    return this.u32() / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u32() & 0xff);
  }

  /** A whole number in least…most, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.float() * (most - least + 1));
  }

  /** True with probability `share` (0…1). */
  chance(share: number): boolean {
    return this.float() < share;
  }

  /** One element, uniformly. @throws {RangeError} when there is none */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("pick: nothing to pick from");
    return from[this.between(0, from.length - 1)] as T;
  }

  /** An independent sequence; later draws here and there do not influence each other. */
  fork(): SeededRandom {
    return new SeededRandom(this.u32());
  }
}
