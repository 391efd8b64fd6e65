// What the reads of this node may cost the store: how many at once, how many and how many bytes a second. Who waits is
// served in turns by connection, so that one with many subscriptions does not keep the others waiting.

import type { Clock } from "@heddle/base";
import type { HubCounters, ReadResult } from "../ports/index.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ReadBudgetLimits {
  /** Store reads under way at once. */
  readonly readsMax: number;
  readonly readsPerSecond: number;
  /** Of entries' data. */
  readonly readBytesPerSecond: number;
}

export class ReadBudget {
  readonly #clock: Clock;
  readonly #counters: HubCounters;
  readonly #readsMax: number;
  readonly #reads: TokenBucket;
  readonly #bytes: TokenBucket;
  #underWay = 0;
  /** Per asker what it waits with, oldest first; askers in the order of their turns. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #waitingCount = 0;
  #timer: Disposable | undefined;

  constructor(env: { readonly clock: Clock; readonly counters: HubCounters; readonly limits: ReadBudgetLimits }) {
    const { readsMax, readsPerSecond, readBytesPerSecond } = env.limits;
    this.#clock = env.clock;
    this.#counters = env.counters;
    this.#readsMax = readsMax;
    const nowMs = env.clock.monotonicMs();
    this.#reads = new TokenBucket({ perSecond: readsPerSecond, burst: readsPerSecond }, nowMs);
    this.#bytes = new TokenBucket({ perSecond: readBytesPerSecond, burst: readBytesPerSecond }, nowMs);
  }

  /**
   * Reads when it is this asker's turn.
   *
   * @param by  whose turn it is: a connection, or whatever reads for itself
   * @throws whatever `read` throws
   */
  async run(by: object, read: () => Promise<ReadResult>): Promise<ReadResult> {
    if (this.#waiting.size === 0 && this.#waitMs() === 0) this.#begin();
    else await this.#turn(by);
    try {
      const result = await read();
      this.#bytes.use(sizeOf(result), this.#clock.monotonicMs());
      return result;
    } finally {
      this.#underWay--;
      this.#next();
    }
  }

  /** Reads that wait for their turn. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Milliseconds until the next read may begin; Infinity: when another one ends. */
  #waitMs(): number {
    if (this.#underWay >= this.#readsMax) return Infinity;
    const nowMs = this.#clock.monotonicMs();
    return Math.max(this.#reads.waitMs(nowMs), this.#bytes.waitMs(nowMs));
  }

  #begin(): void {
    this.#underWay++;
    this.#reads.use(1, this.#clock.monotonicMs());
    this.#counters.storeReads++;
  }

  /** Resolves when this read has begun. */
  #turn(by: object): Promise<void> {
    this.#counters.readWaits++;
    this.#waitingCount++;
    return new Promise((resolve) => {
      const mine = this.#waiting.get(by);
      if (mine === undefined) this.#waiting.set(by, [resolve]);
      else mine.push(resolve);
      this.#next();
    });
  }

  /** Lets those read whose turn has come, and sees to it that the others' turns come. */
  #next(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const [by, mine] of this.#waiting) {
      const waitMs = this.#waitMs();
      if (waitMs === Infinity) return;
      if (waitMs > 0) {
        this.#timer = this.#clock.after(waitMs, () => this.#next());
        return;
      }
      this.#waiting.delete(by);
      const begin = mine.shift();
      this.#waitingCount--;
      if (mine.length > 0) this.#waiting.set(by, mine); // behind the others, and met again there
      this.#begin();
      begin?.();
    }
  }
}

const sizeOf = ({ entries }: ReadResult): number => entries.reduce((sum, { data }) => sum + data.length, 0);
