// One of the two files that touch the machine: real time and real timers.

import type { Clock } from "./clock.ts";

const timerDelayMaxMs = 2 ** 31 - 1;

/** The machine's clock. Timers keep a process alive like `setTimeout` does. */
export function systemClock(): Clock {
  // In Node the check phase follows the poll phase: every socket readable now is read before `run`.
  const { setImmediate = queueMicrotask } = globalThis as { setImmediate?: (run: () => void) => void };
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, Math.min(delayMs, timerDelayMaxMs));
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    turnEnd: (run) => void setImmediate(run),
  };
}
