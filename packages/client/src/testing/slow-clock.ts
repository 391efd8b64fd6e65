// A fake clock as a device has it: slowed down in a hidden page, or standing still in a frozen one.

import { FakeClock } from "@heddle/base/fakes";

export class SlowClock extends FakeClock {
  /** Timers run on the multiples of this alone; 0: when they are due. Milliseconds. */
  gridMs = 0;
  #isFrozen = false;
  #held: (() => void)[] = [];

  override after(delayMs: number, run: () => void): Disposable {
    let isOff = false;
    const dueMs = this.monotonicMs() + Math.max(0, delayMs);
    const lateMs = this.gridMs ? Math.ceil(dueMs / this.gridMs) * this.gridMs - dueMs : 0;
    const runUnlessOff = (): void => void (isOff || run());
    const timer = super.after(delayMs + lateMs, () => {
      if (this.#isFrozen) this.#held.push(runUnlessOff);
      else runUnlessOff();
    });
    return {
      [Symbol.dispose]() {
        isOff = true;
        timer[Symbol.dispose]();
      },
    };
  }

  /** Time passes and no timer runs; then those that were due do, at once. */
  async freeze(ms: number): Promise<void> {
    this.#isFrozen = true;
    await this.advanceAsync(ms);
    this.#isFrozen = false;
    for (const run of this.#held.splice(0)) run();
    await this.settle();
  }
}
