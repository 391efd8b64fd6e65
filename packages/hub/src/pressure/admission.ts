// How many appends of clients this node has under way at the store: fewer when the store answers late, more again when it
// answers in time (additive increase, multiplicative decrease). What finds no place is refused, and not queued.

import type { Clock } from "@heddle/base";

export interface AdmissionLimits {
  /** 95 of 100 appends should be answered within this. Milliseconds. */
  readonly appendTargetMs: number;
  /** Appends of clients under way at once: fewest and most. */
  readonly appendsMin: number;
  readonly appendsMax: number;
}

/** Answers after which the number is thought over. */
const roundCount = 64;
const decrease = 0.7;
const increaseCount = 16;
const retryMs = { least: 50, most: 1_000 };

export class Admission {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  #max: number;
  #underWay = 0;
  /** Most under way in this round: what a decrease starts from. */
  #peak = 0;
  #latenciesMs: number[] = [];
  #lateMs = 0;

  constructor(env: { readonly clock: Clock; readonly limits: AdmissionLimits }) {
    this.#clock = env.clock;
    this.#limits = env.limits;
    this.#max = env.limits.appendsMax;
  }

  /** Appends that may be under way now. */
  get max(): number {
    return this.#max;
  }

  /** Undefined when there is a place; else when to come again. Milliseconds. */
  get refusalMs(): number | undefined {
    if (this.#underWay < this.#max) return undefined;
    return Math.round(Math.min(Math.max(this.#lateMs, retryMs.least), retryMs.most));
  }

  /** Appends, with a place or without: whoever has gone this far is not sent back. */
  async run<T>(append: () => Promise<T>): Promise<T> {
    const sinceMs = this.#clock.monotonicMs();
    this.#peak = Math.max(this.#peak, ++this.#underWay);
    try {
      return await append();
    } finally {
      this.#underWay--;
      this.#answered(this.#clock.monotonicMs() - sinceMs);
    }
  }

  #answered(ms: number): void {
    if (this.#latenciesMs.push(ms) < roundCount) return;
    const { appendTargetMs, appendsMin, appendsMax } = this.#limits;
    this.#latenciesMs.sort((a, b) => a - b);
    this.#lateMs = this.#latenciesMs[Math.floor(roundCount * 0.95)] as number;
    const isLate = this.#lateMs > appendTargetMs;
    const wanted = isLate ? Math.min(this.#max, this.#peak) * decrease : this.#max + increaseCount;
    this.#max = Math.round(Math.min(Math.max(wanted, appendsMin), appendsMax));
    this.#latenciesMs = [];
    this.#peak = this.#underWay;
  }
}
