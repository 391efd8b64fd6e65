// How often something may happen, asking the time only when what was granted is used up.

/**
 * So many events a second on average, and at most twice as many at once. A grant is a second's worth; when it is used up
 * the next is what the time since then has earned, a second's worth at most.
 */
export class RateAllowance {
  readonly perSecond: number;
  readonly #nowMs: () => number;
  #left: number;
  #grantedMs = -Infinity;

  /**
   * @param perSecond  1 or more
   * @param nowMs      monotonic milliseconds
   */
  constructor(perSecond: number, nowMs: () => number) {
    this.perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#left = perSecond;
  }

  /** Uses up one; false when there is none. */
  take(): boolean {
    if (this.#left === 0 && !this.#refill()) return false;
    this.#left--;
    return true;
  }

  #refill(): boolean {
    const nowMs = this.#nowMs();
    const earned = Math.floor(((nowMs - this.#grantedMs) / 1_000) * this.perSecond);
    if (earned < 1) return false;
    this.#left = Math.min(earned, this.perSecond);
    // What was earned beyond whole ones stays earned.
    this.#grantedMs = earned > this.perSecond ? nowMs : this.#grantedMs + (earned * 1_000) / this.perSecond;
    return true;
  }
}
