// How much of something may be used in a time: so much a second on average, and a burst at once. A use is granted while
// anything is left, whatever its size, and is paid for afterwards: large uses wait for themselves, not for a full bucket.

export interface Rate {
  /** Earned every second; above 0. */
  readonly perSecond: number;
  /** Held at most; above 0. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: Rate;
  #level: number;
  #atMs: number;

  /** @param nowMs  monotonic; the bucket begins full */
  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#atMs = nowMs;
  }

  /** Milliseconds until something may be used; 0: now. */
  waitMs(nowMs: number): number {
    this.#earn(nowMs);
    return this.#level > 0 ? 0 : Math.ceil(((1 - this.#level) * 1_000) / this.#rate.perSecond);
  }

  /** Pays for a use, even with what is not there yet. */
  use(amount: number, nowMs: number): void {
    this.#earn(nowMs);
    this.#level -= amount;
  }

  isFull(nowMs: number): boolean {
    this.#earn(nowMs);
    return this.#level >= this.#rate.burst;
  }

  #earn(nowMs: number): void {
    const earned = ((nowMs - this.#atMs) * this.#rate.perSecond) / 1_000;
    this.#level = Math.min(this.#rate.burst, this.#level + Math.max(0, earned));
    this.#atMs = nowMs;
  }
}
