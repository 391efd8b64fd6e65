// What clients may ask for: frames and bytes, by connection and by user on this node, and new subscriptions. Says how long
// to wait; what is done about it is the session's.

import { TokenBucket, type Rate } from "./token-bucket.ts";

export interface RateLimits {
  /** Frames of one connection that ask for something, on average; more are answered 429. 1…1_000_000, default 500. */
  readonly framesPerSecond: number;
  /** And at once. Default 1_000. */
  readonly framesBurst: number;
  /** Their size a second. Bytes, default 1_048_576. */
  readonly bytesPerSecond: number;
  /** And at once. Bytes, default 4_194_304. */
  readonly bytesBurst: number;
  /** The same for all connections of a user on this node together. Defaults 2_000, 4_000, 4_194_304 and 16_777_216. */
  readonly userFramesPerSecond: number;
  readonly userFramesBurst: number;
  readonly userBytesPerSecond: number;
  readonly userBytesBurst: number;
  /** Subscriptions begun on one connection, on average. Default 100. */
  readonly subscriptionsPerSecond: number;
  /** And at once. Default 2_048. */
  readonly subscriptionsBurst: number;
  /** A frame that is wrong (301, 302, 303, 306) costs as many as this. 1…1_000, default 5. */
  readonly wrongFrameCost: number;
  /** Publishes by clients to one channel on this node, on average; more are answered 429. 1…1_000_000_000, default 10_000. */
  readonly channelPublishesPerSecond: number;
  /** And at once. Default 20_000. */
  readonly channelPublishesBurst: number;
  /** Who is refused at this many times the connection's limits is closed with 4029. 2…1_000, default 10. */
  readonly floodFactor: number;
}

/** Shortest wait that is asked for: what was earned meanwhile is worth coming back for. Milliseconds. */
export const rateWaitMsMin = 100;

/** The limits as rates. Made once: a rate of its own for each bucket would be a third of what a connection's buckets weigh. */
export type RateTable = ReturnType<typeof rateTable>;

function rateTable(limits: RateLimits) {
  const { framesPerSecond, framesBurst, bytesPerSecond, bytesBurst, floodFactor } = limits;
  const rate = (perSecond: number, burst: number): Rate => ({ perSecond, burst });
  return {
    own: { frames: rate(framesPerSecond, framesBurst), bytes: rate(bytesPerSecond, bytesBurst) },
    user: {
      frames: rate(limits.userFramesPerSecond, limits.userFramesBurst),
      bytes: rate(limits.userBytesPerSecond, limits.userBytesBurst),
    },
    subscriptions: rate(limits.subscriptionsPerSecond, limits.subscriptionsBurst),
    wrongFrameCost: limits.wrongFrameCost,
    refusals: {
      frames: rate(framesPerSecond * floodFactor, framesBurst * floodFactor),
      bytes: rate(bytesPerSecond * floodFactor, bytesBurst * floodFactor),
    },
  };
}

/** Frames and bytes together. */
export class Allowance {
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor({ frames, bytes }: { readonly frames: Rate; readonly bytes: Rate }, nowMs: number) {
    this.#frames = new TokenBucket(frames, nowMs);
    this.#bytes = new TokenBucket(bytes, nowMs);
  }

  waitMs(nowMs: number): number {
    return Math.max(this.#frames.waitMs(nowMs), this.#bytes.waitMs(nowMs));
  }

  use(bytes: number, nowMs: number, frameCount = 1): void {
    this.#frames.use(frameCount, nowMs);
    this.#bytes.use(bytes, nowMs);
  }

  isFull(nowMs: number): boolean {
    return this.#frames.isFull(nowMs) && this.#bytes.isFull(nowMs);
  }
}

/** `refused`: again after `ms`; `flood`: far too much, although it was told. */
export type Admitted =
  { readonly is: "ok" } | { readonly is: "flood" } | { readonly is: "refused"; readonly ms: number };
const ok: Admitted = { is: "ok" };

/** One connection's. */
export class Rates {
  readonly #table: RateTable;
  readonly #own: Allowance;
  readonly #user: Allowance;
  readonly #subscriptions: TokenBucket;
  /** What may be refused before it is a flood; made at the first refusal. */
  #refusals: Allowance | undefined;

  constructor(table: RateTable, user: Allowance, nowMs: number) {
    this.#table = table;
    this.#user = user;
    this.#own = new Allowance(table.own, nowMs);
    this.#subscriptions = new TokenBucket(table.subscriptions, nowMs);
  }

  /**
   * Counts a frame that asks for something.
   *
   * @param subscriptionCount  subscriptions it begins
   */
  admit(cost: number, subscriptionCount: number, nowMs: number): Admitted {
    const waitMs = Math.max(
      this.#own.waitMs(nowMs),
      this.#user.waitMs(nowMs),
      subscriptionCount > 0 ? this.#subscriptions.waitMs(nowMs) : 0,
    );
    if (waitMs > 0) return this.#refuse(cost, waitMs, nowMs);
    this.pay(cost, subscriptionCount, nowMs);
    return ok;
  }

  /** How long until more may be asked for. Milliseconds. */
  waitMs(nowMs: number): number {
    return Math.max(this.#own.waitMs(nowMs), this.#user.waitMs(nowMs));
  }

  /** Counts what is carried out in any case. */
  pay(cost: number, subscriptionCount: number, nowMs: number): void {
    this.#own.use(cost, nowMs);
    this.#user.use(cost, nowMs);
    this.#subscriptions.use(subscriptionCount, nowMs);
  }

  /** Counts what a frame that was wrong costs beyond one that was right. */
  payForWrong(nowMs: number): void {
    const frameCount = this.#table.wrongFrameCost - 1;
    this.#own.use(0, nowMs, frameCount);
    this.#user.use(0, nowMs, frameCount);
  }

  #refuse(cost: number, waitMs: number, nowMs: number): Admitted {
    this.#refusals ??= new Allowance(this.#table.refusals, nowMs);
    if (this.#refusals.waitMs(nowMs) > 0) return { is: "flood" };
    this.#refusals.use(cost, nowMs);
    return { is: "refused", ms: Math.max(rateWaitMsMin, waitMs) };
  }
}

interface User {
  readonly allowance: Allowance;
  sessionCount: number;
  /** Nobody new of this user is taken before this: one of its connections has flooded. Monotonic milliseconds. */
  notBeforeMs: number;
}

/** What the connections of a user share. Kept until it is earned back: who reconnects finds what it left. */
export class UserRates {
  readonly table: RateTable;
  readonly #byOwner = new Map<string, User>();
  #activeCount = 0;

  constructor(limits: RateLimits) {
    this.table = rateTable(limits);
  }

  /** Users remembered. */
  get count(): number {
    return this.#byOwner.size;
  }

  /** A connection of `owner` begins; one `leave` belongs to it. */
  join(owner: string, nowMs: number): Allowance {
    let user = this.#byOwner.get(owner);
    if (user === undefined) {
      this.#sweep(nowMs);
      user = { allowance: new Allowance(this.table.user, nowMs), sessionCount: 0, notBeforeMs: 0 };
      this.#byOwner.set(owner, user);
    }
    if (user.sessionCount++ === 0) this.#activeCount++;
    return user.allowance;
  }

  /** A connection of `owner` was closed for flooding: its next one is taken after `ms`. */
  flooded(owner: string, ms: number, nowMs: number): void {
    const user = this.#byOwner.get(owner);
    if (user !== undefined) user.notBeforeMs = nowMs + ms;
  }

  /** How long `owner` has to stay away for having flooded; 0: not at all. Milliseconds. */
  penaltyMs(owner: string, nowMs: number): number {
    return Math.max(0, (this.#byOwner.get(owner)?.notBeforeMs ?? 0) - nowMs);
  }

  leave(owner: string): void {
    const user = this.#byOwner.get(owner);
    if (user !== undefined && --user.sessionCount === 0) this.#activeCount--;
  }

  /** Forgets those who are gone and owe nothing, when they have become as many as those who are here. */
  #sweep(nowMs: number): void {
    const spareCount = 64;
    if (this.#byOwner.size < 2 * this.#activeCount + spareCount) return;
    for (const [owner, { allowance, sessionCount, notBeforeMs }] of this.#byOwner)
      if (sessionCount === 0 && notBeforeMs <= nowMs && allowance.isFull(nowMs)) this.#byOwner.delete(owner);
  }
}
