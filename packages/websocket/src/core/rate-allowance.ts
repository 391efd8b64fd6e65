// How often something may happen, asking the time only when what was granted is used up.

/** So many events, and when they were granted. */
export interface Grant {
  readonly count: number;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

/**
 * What follows a grant that is used up: what the time since then has earned, a second's worth at most. Undefined while
 * that is nothing.
 *
 * @param last  undefined for the first second's worth, which is there at once and needs no time
 */
export function nextGrant(perSecond: number, last: Grant | undefined, nowMs: number): Grant | undefined {
  if (last === undefined) return { count: perSecond, atMs: nowMs };
  const earned = Math.floor(((nowMs - last.atMs) / 1_000) * perSecond);
  if (earned < 1) return undefined;
  // What was earned beyond whole ones stays earned.
  if (earned <= perSecond) return { count: earned, atMs: last.atMs + (earned * 1_000) / perSecond };
  return { count: perSecond, atMs: nowMs };
}

/** So many events a second on average, and at most twice as many at once. */
export class RateAllowance {
  readonly perSecond: number;
  readonly #nowMs: () => number;
  #left: number;
  #last: Grant | undefined;

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
    if (this.#left === 0) {
      const grant = nextGrant(this.perSecond, this.#last, this.#nowMs());
      if (grant === undefined) return false;
      this.#last = grant;
      this.#left = grant.count;
    }
    this.#left--;
    return true;
  }
}
