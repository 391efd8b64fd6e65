// How many frames a peer may send, of all kinds and of those that carry no data. Knows no frame but its opcode.

import { RateAllowance } from "./rate-allowance.ts";

/** Most frames a second, as `RateAllowance` counts; 0 is no limit. */
export interface FrameRates {
  readonly framesPerSecond: number;
  readonly controlFramesPerSecond: number;
  /** Monotonic milliseconds. Asked only when a second's worth of frames has come. */
  nowMs(): number;
}

/** What one connection's peer has left of its rates. */
export class FrameAllowance {
  readonly #all: RateAllowance | undefined;
  readonly #control: RateAllowance | undefined;

  constructor({ framesPerSecond, controlFramesPerSecond, nowMs }: FrameRates) {
    this.#all = framesPerSecond > 0 ? new RateAllowance(framesPerSecond, nowMs) : undefined;
    this.#control = controlFramesPerSecond > 0 ? new RateAllowance(controlFramesPerSecond, nowMs) : undefined;
  }

  /** Counts one frame. Names the limit that it breaks, if it does. */
  exceededBy(opcode: number): string | undefined {
    if (this.#all?.take() === false) return `over ${this.#all.perSecond} frames a second`;
    if (opcode >= 8 && this.#control?.take() === false)
      return `over ${this.#control.perSecond} control frames a second`;
    return undefined;
  }
}
