// Virtual time: a heap of due work that moves only when told. Work due at the same moment runs in the order it came.

import type { Clock } from "../clock.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A clock for tests and simulation. Turn ends run before time moves on. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  readonly #heap: Due[] = [];
  #turnEnds: (() => void)[] = [];

  /** @param wallStartMs  wall-clock reading at monotonic 0 */
  constructor(wallStartMs = 1_800_000_000_000) {
    this.#wallOffsetMs = wallStartMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Jumps the wall clock alone, as an operator or NTP would. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  after(delayMs: number, run: () => void): Disposable {
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(due);
    return { [Symbol.dispose]: () => void (due.run = undefined) };
  }

  turnEnd(run: () => void): void {
    this.#turnEnds.push(run);
  }

  /** Runs pending turn ends, and the turn ends they ask for. */
  endTurn(): void {
    while (this.#turnEnds.length > 0) {
      const runs = this.#turnEnds;
      this.#turnEnds = [];
      for (const run of runs) run();
    }
  }

  /** When the next timer is due, on the monotonic scale; undefined when none is pending. */
  get nextDueMs(): number | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.run === undefined) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /** Moves to the next due timer and runs it alone, then ends the turn. False when nothing is pending. */
  step(): boolean {
    this.endTurn();
    if (this.nextDueMs === undefined) return false;
    const due = this.#pop() as Due;
    this.#nowMs = Math.max(this.#nowMs, due.atMs);
    const run = due.run;
    due.run = undefined;
    run?.();
    this.endTurn();
    return true;
  }

  /** Moves time forward by `byMs`, running what falls due, in order. Synchronous: promises settle only between calls. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    this.endTurn();
    while ((this.nextDueMs ?? Infinity) <= untilMs) this.step();
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** As `advance`, letting pending promise reactions run between timers. */
  async advanceAsync(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await this.settle();
    while ((this.nextDueMs ?? Infinity) <= untilMs) {
      this.step();
      await this.settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets promise reactions and turn ends run until none asks for more, without moving time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 40; round++) {
      await Promise.resolve();
      this.endTurn();
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[index] = heap[parent] as Due;
      index = parent;
    }
    heap[index] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[index] = heap[child] as Due;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
