// Frames that came before `welcome`, until it is known whose they are. Bounded: nobody has said who this is.

import { wireLimits, type ParsedFrame } from "@heddle/protocol";

export interface HeldFrame {
  readonly parsed: ParsedFrame;
  readonly cost: number;
}

export class Held {
  readonly frames: HeldFrame[] = [];
  #cost = 0;

  /** False when that is more than may be held. */
  add(parsed: ParsedFrame, cost: number): boolean {
    this.frames.push({ parsed, cost });
    this.#cost += cost;
    return this.frames.length <= wireLimits.heldFrameCount && this.#cost <= wireLimits.heldFrameBytes;
  }
}
