// One direction of a link under faults: items leave in the order they came, later or not at all, at the owner's word.

import type { Clock } from "@heddle/base";

interface Waiting {
  readonly dueMs: number;
  readonly sizeBytes: number;
  readonly run: () => void;
}

/** Transparent while nothing is asked of it: `push` then runs its item at once. */
export class DelayLine {
  readonly #clock: Clock;
  readonly #full: () => void;
  readonly #bytesMax: number;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: Disposable | undefined;
  #isHeld = false;
  #isDead = false;
  delayMs = 0;

  /** @param full  called once when more than `bytesMax` would wait; the line is dead from then on */
  constructor(clock: Clock, bytesMax: number, full: () => void) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#full = full;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  push(sizeBytes: number, run: () => void): void {
    if (this.#isDead) return;
    if (!this.#isHeld && this.delayMs === 0 && this.#waiting.length === 0) return run();
    this.#waiting.push({ dueMs: this.#clock.monotonicMs() + this.delayMs, sizeBytes, run });
    this.#bytes += sizeBytes;
    if (this.#bytes > this.#bytesMax) {
      this.die();
      this.#full();
    } else this.#schedule();
  }

  /** While held nothing leaves. */
  hold(on: boolean): void {
    this.#isHeld = on;
    if (!on) this.#release();
  }

  /** What waits is gone, and so is all that comes. */
  die(): void {
    this.#isDead = true;
    this.#waiting = [];
    this.#bytes = 0;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #release(): void {
    while (!this.#isHeld) {
      const [next] = this.#waiting;
      if (next === undefined || next.dueMs > this.#clock.monotonicMs()) break;
      this.#waiting.shift();
      this.#bytes -= next.sizeBytes;
      next.run();
    }
    this.#schedule();
  }

  #schedule(): void {
    const [next] = this.#waiting;
    if (this.#timer !== undefined || this.#isHeld || next === undefined) return;
    this.#timer = this.#clock.after(Math.max(0, next.dueMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      this.#release();
    });
  }
}
