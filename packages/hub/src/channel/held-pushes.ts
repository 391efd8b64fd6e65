// What waits on a channel so that more of it leaves in one write: entries and volatile events that live subscribers have not
// been pushed yet. Nothing of it is encoded, counted or queued: to whoever reads on by itself it is as if it had not come.

import type { Clock } from "@heddle/base";
import type { Pos, PublicationBody } from "@heddle/protocol";
import type { Entry } from "../ports/index.ts";

/** One that waits. */
export type HeldPush = { readonly entry: Entry } | { readonly volatile: PublicationBody };

/**
 * Moments at which all channels of a node let go of what they hold: the multiples of their times on one clock, so that a
 * connection that follows many of them gets one write and not one of each.
 */
export class FlushTimes {
  readonly #clock: Clock;
  readonly #due = new Map<number, { readonly runs: (() => void)[]; readonly timer: Disposable }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param everyMs  at most this long from now, 1…50 */
  next(everyMs: number, run: () => void): void {
    const due = this.#due.get(everyMs);
    if (due !== undefined) return void due.runs.push(run);
    const runs = [run];
    const timer = this.#clock.after(everyMs - (this.#clock.monotonicMs() % everyMs), () => {
      this.#due.delete(everyMs);
      for (const each of runs) each();
    });
    this.#due.set(everyMs, { runs, timer });
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#due.values()) timer[Symbol.dispose]();
    this.#due.clear();
  }
}

export class HeldPushes {
  readonly #flushMs: number;
  readonly #times: FlushTimes;
  readonly #bytesMax: number;
  readonly #release: () => void;
  #items: HeldPush[] = [];
  #bytes = 0;
  #isAwaited = false;
  #from: Pos | undefined;

  /**
   * @param flushMs  0: nothing is held
   * @param bytesMax  with more than this held, it does not wait
   * @param release  called when it is time; takes what is held
   */
  constructor(flushMs: number, times: FlushTimes, bytesMax: number, release: () => void) {
    this.#flushMs = flushMs;
    this.#times = times;
    this.#bytesMax = bytesMax;
    this.#release = release;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Whoever was pushed everything but this stands here; undefined while no entry is held. */
  get from(): Pos | undefined {
    return this.#from;
  }

  /** @param from  where live subscribers stand if this is the first. @returns false: it is to be pushed now */
  add(push: HeldPush, from: Pos | undefined): boolean {
    if (this.#flushMs === 0) return false;
    const { data } = "entry" in push ? push.entry : push.volatile;
    if (this.#bytes + data.length > this.#bytesMax) return false;
    this.#items.push(push);
    this.#bytes += data.length;
    this.#from ??= from;
    if (this.#isAwaited) return true;
    this.#isAwaited = true;
    this.#times.next(this.#flushMs, () => {
      this.#isAwaited = false;
      this.#release();
    });
    return true;
  }

  /** All that is held, one by one; what was taken is held no more, and `from` has moved behind it. */
  *take(): Generator<HeldPush> {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    for (const item of items) {
      yield item;
      if ("entry" in item) this.#from = item.entry.pos;
    }
    this.#from = undefined;
  }

  clear(): void {
    this.#items = [];
    this.#from = undefined;
  }
}
