// What clients together may publish to one channel on this node: everybody who reads it pays for each. Channels are known by
// name alone, and only while they owe something.

import { rateWaitMsMin } from "./rates.ts";
import { TokenBucket, type Rate } from "./token-bucket.ts";

/** Channels remembered before those that owe nothing are forgotten. */
const sweepCountMin = 1_024;

export class ChannelRates {
  readonly #rate: Rate;
  readonly #byChannel = new Map<string, TokenBucket>();
  #sweepAt = sweepCountMin;

  constructor(limits: { readonly channelPublishesPerSecond: number; readonly channelPublishesBurst: number }) {
    this.#rate = { perSecond: limits.channelPublishesPerSecond, burst: limits.channelPublishesBurst };
  }

  /** Channels remembered. */
  get count(): number {
    return this.#byChannel.size;
  }

  /**
   * Counts a publish.
   *
   * @returns how long to wait, and it is not counted; 0: it may be carried out. Milliseconds.
   */
  refusalMs(channel: string, nowMs: number): number {
    let bucket = this.#byChannel.get(channel);
    const waitMs = bucket?.waitMs(nowMs) ?? 0;
    if (waitMs > 0) return Math.max(rateWaitMsMin, waitMs);
    if (bucket === undefined) {
      if (this.#byChannel.size >= this.#sweepAt) this.#sweep(nowMs);
      this.#byChannel.set(channel, (bucket = new TokenBucket(this.#rate, nowMs)));
    }
    bucket.use(1, nowMs);
    return 0;
  }

  #sweep(nowMs: number): void {
    for (const [channel, bucket] of this.#byChannel) if (bucket.isFull(nowMs)) this.#byChannel.delete(channel);
    this.#sweepAt = Math.max(sweepCountMin, 2 * this.#byChannel.size);
  }
}
