// How many frames a peer may send, of all kinds and of those that carry no data. Knows no frame but its opcode.

import { nextGrant, type Grant } from "./rate-allowance.ts";

/** Most frames a second on average, and at most twice as many at once; 0 is no limit. */
export interface FrameRates {
  readonly framesPerSecond: number;
  readonly controlFramesPerSecond: number;
  /** Monotonic milliseconds. Asked only when a second's worth of frames has come. */
  nowMs(): number;
}

/** What one connection's peer has left of its rates. Two of `RateAllowance` in a third of their memory. */
export class FrameAllowance {
  readonly #rates: FrameRates;
  #left: number;
  #last: Grant | undefined;
  #controlLeft: number;
  #lastControl: Grant | undefined;

  constructor(rates: FrameRates) {
    this.#rates = rates;
    this.#left = rates.framesPerSecond;
    this.#controlLeft = rates.controlFramesPerSecond;
  }

  /** Counts one frame. Names the limit that it breaks, if it does. */
  exceededBy(opcode: number): string | undefined {
    if (this.#left > 0) this.#left--;
    else if (!this.#takeLater()) return `over ${this.#rates.framesPerSecond} frames a second`;
    if (opcode < 8) return undefined;
    if (this.#controlLeft > 0) this.#controlLeft--;
    else if (!this.#takeControlLater()) return `over ${this.#rates.controlFramesPerSecond} control frames a second`;
    return undefined;
  }

  #takeLater(): boolean {
    const { framesPerSecond } = this.#rates;
    if (framesPerSecond === 0) return true;
    const grant = nextGrant(framesPerSecond, this.#last, this.#rates.nowMs());
    if (grant === undefined) return false;
    this.#last = grant;
    this.#left = grant.count - 1;
    return true;
  }

  #takeControlLater(): boolean {
    const { controlFramesPerSecond } = this.#rates;
    if (controlFramesPerSecond === 0) return true;
    const grant = nextGrant(controlFramesPerSecond, this.#lastControl, this.#rates.nowMs());
    if (grant === undefined) return false;
    this.#lastControl = grant;
    this.#controlLeft = grant.count - 1;
    return true;
  }
}
