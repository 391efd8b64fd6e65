// One direction of a TCP connection: in order, limited by bandwidth and by what fits into its buffers, late, stalled or
// unread. Knows bytes and nothing of what they mean.

import type { Clock } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";

/** How good a way is. */
export interface Quality {
  readonly latencyMs: number;
  /** Added to the latency, uniformly from 0. */
  readonly jitterMs: number;
  readonly bytesPerMs: number;
  /** Both kernels' buffers together: what may be written and not yet read. */
  readonly bufferBytes: number;
}

interface Segment {
  readonly bytes: number;
  readonly deliver: () => void;
  arrivesMs: number;
}

export class SimPipe {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #quality: Quality;
  /** Called when something was read, so that there is room again. */
  readonly #drained: () => void;
  #segments: Segment[] = [];
  #usedBytes = 0;
  #lineFreeMs = 0;
  #lastArrivalMs = 0;
  #timer: Disposable | undefined;
  #stalledUntilMs = 0;
  #isReaderFrozen = false;
  #isGone = false;

  constructor(clock: Clock, random: SeededRandom, quality: Quality, drained: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#quality = quality;
    this.#drained = drained;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.#quality.bufferBytes;
  }

  /** Bytes leave. The caller has asked for room. */
  write(bytes: number, deliver: () => void): void {
    if (this.#isGone) return;
    const { latencyMs, jitterMs, bytesPerMs } = this.#quality;
    this.#usedBytes += bytes;
    this.#lineFreeMs = Math.max(this.#clock.monotonicMs(), this.#lineFreeMs) + bytes / bytesPerMs;
    const arrivesMs = this.#lineFreeMs + latencyMs + this.#random.float() * jitterMs;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivesMs);
    this.#segments.push({ bytes, deliver, arrivesMs: this.#lastArrivalMs });
    this.#schedule();
  }

  /** Nothing arrives for this long; then everything does, in order. */
  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#clock.monotonicMs() + forMs);
    this.#reschedule();
  }

  /** Ends every stall: what waits arrives as if it had been under way all the time. */
  resume(): void {
    this.#stalledUntilMs = 0;
    this.#reschedule();
  }

  freezeReader(on: boolean): void {
    this.#isReaderFrozen = on;
    this.#reschedule();
  }

  /** Nothing arrives any more. */
  destroy(): void {
    this.#isGone = true;
    this.#segments = [];
    this.#timer?.[Symbol.dispose]();
  }

  #reschedule(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#schedule();
  }

  #schedule(): void {
    const [next] = this.#segments;
    if (this.#timer !== undefined || next === undefined || this.#isReaderFrozen || this.#isGone) return;
    const dueMs = Math.max(next.arrivesMs, this.#stalledUntilMs);
    if (dueMs === Infinity) return;
    this.#timer = this.#clock.after(dueMs - this.#clock.monotonicMs(), () => {
      this.#timer = undefined;
      this.#segments.shift();
      this.#usedBytes -= next.bytes;
      next.deliver();
      if (this.#isGone) return;
      this.#schedule();
      this.#drained();
    });
  }
}
