// One frame of a client that comes in pieces: at most one at a time of a connection, bounded in length and in the time between
// two pieces.

import type { Clock } from "@heddle/base";
import { wireLimits, type PieceFrame } from "@heddle/protocol";

/** What became of a piece. */
export type TakenPiece =
  /** `ignored`: of a frame that was given up. `tooLong`: and so is this one. `full`: the node has no room. */
  | { readonly is: "ignored" | "taken" | "tooLong" | "full" }
  /** The last. */
  | { readonly is: "complete"; readonly text: string };

export class Pieces {
  readonly #clock: Clock;
  readonly #held: { length: number };
  readonly #lengthMax: number;
  readonly #late: (r: number) => void;
  /** The frame under way. */
  #r: number | undefined;
  #texts: string[] = [];
  #length = 0;
  #timer: Disposable | undefined;

  /**
   * @param held       what all connections of the node hold; this one's share is kept in it
   * @param lengthMax  what that may be
   * @param late       the next piece of this frame did not come in time, and it was given up
   */
  constructor(clock: Clock, held: { length: number }, lengthMax: number, late: (r: number) => void) {
    this.#clock = clock;
    this.#held = held;
    this.#lengthMax = lengthMax;
    this.#late = late;
  }

  /** Whether this is the next piece of what is under way. */
  awaits({ r, k }: PieceFrame): boolean {
    return r === this.#r && k === this.#texts.length;
  }

  /** A first piece gives up what was under way: its client has. */
  take(piece: PieceFrame): TakenPiece {
    const { r, k, s, z } = piece;
    if (k === 0) {
      this.drop();
      this.#r = r;
    } else if (!this.awaits(piece)) return { is: "ignored" };
    if (this.#length + s.length > wireLimits.bigFrameLength) return this.#refuse("tooLong");
    if (this.#held.length + s.length > this.#lengthMax) return this.#refuse("full");
    this.#texts.push(s);
    this.#length += s.length;
    this.#held.length += s.length;
    if (z) {
      const text = this.#texts.join("");
      this.drop();
      return { is: "complete", text };
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(wireLimits.pieceMs, () => {
      this.drop();
      this.#late(r);
    });
    return { is: "taken" };
  }

  /** Lets go of what is under way. */
  drop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#held.length -= this.#length;
    this.#length = 0;
    this.#texts = [];
    this.#r = undefined;
  }

  #refuse(is: "tooLong" | "full"): TakenPiece {
    this.drop();
    return { is };
  }
}
