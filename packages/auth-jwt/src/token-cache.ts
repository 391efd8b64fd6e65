// Tokens that were verified a moment ago, by their hash, so that a reconnect storm costs no signatures.

import type { Clock } from "@heddle/base";
import type { Identity } from "@heddle/hub/ports";

interface Kept {
  readonly identity: Identity;
  readonly untilMs: number;
}

/** How long a verified token is believed without looking again. Milliseconds. */
export const tokenCacheMs = 60_000;
/** Verified tokens remembered; the least recently used goes first. */
export const tokenCacheCount = 10_000;

export class TokenCache {
  readonly #clock: Clock;
  readonly #count: number;
  readonly #byHash = new Map<string, Kept>();

  constructor(clock: Clock, count = tokenCacheCount) {
    this.#clock = clock;
    this.#count = count;
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** Whoever the token with this hash names, if it was verified less than a minute ago. */
  get(hash: string): Identity | undefined {
    const kept = this.#byHash.get(hash);
    if (kept === undefined) return undefined;
    this.#byHash.delete(hash);
    if (kept.untilMs <= this.#clock.monotonicMs()) return undefined;
    this.#byHash.set(hash, kept); // to the end: the first is the least recently used
    return kept.identity;
  }

  set(hash: string, identity: Identity): void {
    if (this.#byHash.size >= this.#count) {
      const [oldest] = this.#byHash.keys();
      if (oldest !== undefined) this.#byHash.delete(oldest);
    }
    this.#byHash.set(hash, { identity, untilMs: this.#clock.monotonicMs() + tokenCacheMs });
  }
}
