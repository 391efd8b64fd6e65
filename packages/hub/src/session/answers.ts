// Answers of idempotent calls, remembered for a while so that a repeated call is answered, not carried out, again.

import type { Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { CallOutcome } from "../ports/index.ts";
import { HubError } from "../hub-error.ts";

interface Remembered {
  readonly answer: Promise<CallOutcome>;
  untilMs: number;
}

export class Answers {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #byKey = new Map<string, Remembered>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  /**
   * The answer of the call with this key: the running or remembered one, or that of `run`.
   * It is remembered for `wireLimits.callMemoryMs` from its completion. A thrown error is not remembered.
   *
   * @throws {HubError} `overloaded` when too many answers are remembered
   */
  once(key: string, run: () => Promise<CallOutcome>): Promise<CallOutcome> {
    const known = this.#byKey.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonicMs()) return known.answer;
    this.#purge();
    if (this.#byKey.size >= this.#max)
      throw new HubError("overloaded", `${this.#max} answers are remembered, answersMax is ${this.#max}`);
    const remembered: Remembered = { answer: run(), untilMs: Infinity };
    this.#byKey.set(key, remembered);
    void remembered.answer.then(
      () => {
        remembered.untilMs = this.#clock.monotonicMs() + wireLimits.callMemoryMs;
        this.#byKey.delete(key); // to the end: completed ones stand in the order they expire
        this.#byKey.set(key, remembered);
      },
      () => this.#byKey.delete(key),
    );
    return remembered.answer;
  }

  /** The running or remembered answer of the call with this key, if it was asked here. */
  known(key: string): Promise<CallOutcome> | undefined {
    const known = this.#byKey.get(key);
    return known !== undefined && known.untilMs > this.#clock.monotonicMs() ? known.answer : undefined;
  }

  #purge(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { untilMs }] of this.#byKey) {
      if (untilMs > nowMs && untilMs !== Infinity) return;
      if (untilMs <= nowMs) this.#byKey.delete(key);
    }
  }
}
