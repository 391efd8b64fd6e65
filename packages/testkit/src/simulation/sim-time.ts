// Virtual time for a whole world: one clock beneath, one view of it per process, which a crash kills with all its timers.

import type { Clock } from "@heddle/base";
import { FakeClock } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";

/** Real macrotasks asked for at once: each runs one step, with all promise reactions in between. */
const stepsPerRound = 64;

export class SimTime {
  /** What is nobody's process: the network and the store. */
  readonly world: Clock;
  readonly #clock = new FakeClock();
  #turnEnds: (() => void)[] = [];
  #steps = 0;

  constructor() {
    this.world = this.process();
  }

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** When the next event is due; undefined when nothing is left to do. */
  get nextDueMs(): number | undefined {
    return this.#turnEnds.length > 0 ? this.nowMs : this.#clock.nextDueMs;
  }

  /** Lets time pass in which nothing is due. */
  passTo(ms: number): void {
    if (ms > this.nowMs) this.#clock.advance(ms - this.nowMs);
  }

  /** Events carried out so far. */
  get stepCount(): number {
    return this.#steps;
  }

  /** A clock for one process. */
  process(): ProcessClock {
    return new ProcessClock(this.#clock, (run) => void this.#turnEnds.push(run));
  }

  /**
   * Runs the world until `isOver` says so, or nothing is left to do. After every event all promise reactions run
   * before the next: that needs a macrotask of the real event loop, but no real time.
   */
  run(isOver: () => boolean): Promise<void> {
    const { turnEnd } = systemClock();
    return new Promise((resolve, reject) => {
      let isDone = false;
      const step = (): void => {
        if (isDone) return;
        try {
          if (!isOver() && this.#step()) return;
          isDone = true;
          resolve();
        } catch (error) {
          isDone = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const round = (): void => {
        for (let index = 0; index < stepsPerRound; index++) turnEnd(step);
        turnEnd(() => (isDone ? undefined : round()));
      };
      round();
    });
  }

  /** One event: the ends of the current turn, or the next timer. */
  #step(): boolean {
    this.#steps++;
    if (this.#turnEnds.length > 0) {
      const runs = this.#turnEnds;
      this.#turnEnds = [];
      for (const run of runs) run();
      return true;
    }
    return this.#clock.step();
  }
}

/** The time of one process. Once killed, nothing of it ever runs again. */
export class ProcessClock implements Clock {
  readonly #clock: FakeClock;
  readonly #turnEnd: (run: () => void) => void;
  #wallSkewMs = 0;
  #isAlive = true;
  #timerCount = 0;

  constructor(clock: FakeClock, turnEnd: (run: () => void) => void) {
    this.#clock = clock;
    this.#turnEnd = turnEnd;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Timers that are still going to run. */
  get timerCount(): number {
    return this.#timerCount;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#wallSkewMs;
  }

  /** Makes this process's wall clock jump. */
  skewWall(byMs: number): void {
    this.#wallSkewMs += byMs;
  }

  after(delayMs: number, run: () => void): Disposable {
    this.#timerCount++;
    let isPending = true;
    const done = (): boolean => {
      if (!isPending) return false;
      isPending = false;
      this.#timerCount--;
      return true;
    };
    const timer = this.#clock.after(delayMs, () => {
      if (done() && this.#isAlive) run();
    });
    return {
      [Symbol.dispose]: () => {
        if (done()) timer[Symbol.dispose]();
      },
    };
  }

  turnEnd(run: () => void): void {
    this.#turnEnd(() => {
      if (this.#isAlive) run();
    });
  }

  /** The process is gone. */
  kill(): void {
    this.#isAlive = false;
  }
}
