// How many newcomers a node greets. Whoever finds no place is given a moment to come back, each another one and no more of
// them in a second than are taken: a wave becomes a queue that stands with the clients.

import type { Clock } from "@heddle/base";
import { TokenBucket } from "./token-bucket.ts";

export interface ArrivalLimits {
  /** Greetings in a second on average, and at once. */
  readonly hellosPerSecond: number;
  readonly hellosBurst: number;
  /** While more store reads than these wait for their turn, nobody new is greeted. */
  readonly readsWaitingMax: number;
}

/** Nobody is asked to stay away for longer: by then the wave may be over. */
const afterMaxMs = 60_000;
/** When to ask again while reads wait. */
const readsAfterMs = { least: 1_000, most: 3_000 };

export class Arrivals {
  readonly #clock: Clock;
  readonly #random: { float(): number };
  readonly #limits: ArrivalLimits;
  readonly #hellos: TokenBucket;
  /** The latest moment given to somebody. */
  #givenMs = 0;

  constructor(env: { readonly clock: Clock; readonly random: { float(): number }; readonly limits: ArrivalLimits }) {
    this.#clock = env.clock;
    this.#random = env.random;
    this.#limits = env.limits;
    const { hellosPerSecond, hellosBurst } = env.limits;
    this.#hellos = new TokenBucket({ perSecond: hellosPerSecond, burst: hellosBurst }, env.clock.monotonicMs());
  }

  /**
   * Takes a place for one more.
   *
   * @param readsWaiting  how many store reads wait now
   * @returns undefined when there is one; else when to come back. Milliseconds
   */
  refusalMs(readsWaiting: number): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const { hellosPerSecond, readsWaitingMax } = this.#limits;
    if (readsWaiting > readsWaitingMax) {
      const { least, most } = readsAfterMs;
      return Math.round(least + this.#random.float() * (most - least));
    }
    if (this.#hellos.waitMs(nowMs) === 0) {
      this.#hellos.use(1, nowMs);
      return undefined;
    }
    const nextMs = Math.max(nowMs, this.#givenMs) + 1_000 / hellosPerSecond;
    // Far from now the moments begin again from the front: those who were given them may have gone elsewhere.
    this.#givenMs = nextMs - nowMs > afterMaxMs ? nowMs + 1_000 / hellosPerSecond : nextMs;
    return Math.ceil(this.#givenMs - nowMs);
  }
}
