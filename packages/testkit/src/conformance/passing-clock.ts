// A real clock whose time can also be passed at once: what waits for I/O goes on as ever, what waits for hours does not.

import type { Clock } from "@heddle/base";

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
  timer: Disposable;
}

export class PassingClock implements Clock {
  readonly #real: Clock;
  readonly #waiting = new Set<Waiting>();
  #passedMs = 0;

  constructor(real: Clock) {
    this.#real = real;
  }

  monotonicMs(): number {
    return this.#real.monotonicMs() + this.#passedMs;
  }

  wallMs(): number {
    return this.#real.wallMs() + this.#passedMs;
  }

  after(delayMs: number, run: () => void): Disposable {
    const fire = (): void => {
      this.#waiting.delete(waiting);
      run();
    };
    const waiting = { dueMs: this.monotonicMs() + delayMs, run: fire, timer: this.#real.after(delayMs, fire) };
    this.#waiting.add(waiting);
    return {
      [Symbol.dispose]: () => {
        waiting.timer[Symbol.dispose]();
        this.#waiting.delete(waiting);
      },
    };
  }

  turnEnd(run: () => void): void {
    this.#real.turnEnd(run);
  }

  /** Both readings jump ahead; what is due by then runs now, in order. */
  pass(ms: number): void {
    this.#passedMs += ms;
    const nowMs = this.monotonicMs();
    const due = [...this.#waiting].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const { timer, run } of due) {
      timer[Symbol.dispose]();
      run();
    }
  }
}
