// The port through which everything in Heddle learns about time. Real timers live in system-clock.ts alone.

/** A source of time. Durations use the monotonic reading; only what leaves the process uses the wall clock. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never falling; fractions allowed. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump either way. */
  wallMs(): number;
  /**
   * Runs `run` once, `delayMs` from now, or as soon as it can when that is not positive. What is longer than the clock can
   * wait (the machine's: 2^31−1 ms) runs early, after that. Disposing the result before then cancels it; disposing later,
   * or twice, does nothing.
   */
  after(delayMs: number, run: () => void): Disposable;
  /** Runs `run` once when the current turn of the event loop has handled its input. Cannot be cancelled. */
  turnEnd(run: () => void): void;
}
