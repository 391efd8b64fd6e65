// What clients may ask for: frames and bytes, by connection and by user on this node, and new subscriptions. Says how long
// to wait; what is done about it is the session's.

import { TokenBucket } from "./token-bucket.ts";

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
  /** Who is refused at this many times the connection's limits is closed with 4029. 2…1_000, default 10. */
  readonly floodFactor: number;
}

/** Shortest wait that is asked for: what was earned meanwhile is worth coming back for. Milliseconds. */
export const rateWaitMsMin = 100;

/** Frames and bytes together. */
export class Allowance {
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(frames: readonly [perSecond: number, burst: number], bytes: typeof frames, nowMs: number) {
    this.#frames = new TokenBucket({ perSecond: frames[0], burst: frames[1] }, nowMs);
    this.#bytes = new TokenBucket({ perSecond: bytes[0], burst: bytes[1] }, nowMs);
  }

  waitMs(nowMs: number): number {
    return Math.max(this.#frames.waitMs(nowMs), this.#bytes.waitMs(nowMs));
  }

  use(bytes: number, nowMs: number): void {
    this.#frames.use(1, nowMs);
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
  readonly #limits: RateLimits;
  readonly #own: Allowance;
  readonly #user: Allowance;
  readonly #subscriptions: TokenBucket;
  /** What may be refused before it is a flood; made at the first refusal. */
  #refusals: Allowance | undefined;

  constructor(limits: RateLimits, user: Allowance, nowMs: number) {
    this.#limits = limits;
    this.#user = user;
    this.#own = new Allowance(
      [limits.framesPerSecond, limits.framesBurst],
      [limits.bytesPerSecond, limits.bytesBurst],
      nowMs,
    );
    const { subscriptionsPerSecond: perSecond, subscriptionsBurst: burst } = limits;
    this.#subscriptions = new TokenBucket({ perSecond, burst }, nowMs);
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

  #refuse(cost: number, waitMs: number, nowMs: number): Admitted {
    const { framesPerSecond, framesBurst, bytesPerSecond, bytesBurst, floodFactor } = this.#limits;
    this.#refusals ??= new Allowance(
      [framesPerSecond * floodFactor, framesBurst * floodFactor],
      [bytesPerSecond * floodFactor, bytesBurst * floodFactor],
      nowMs,
    );
    if (this.#refusals.waitMs(nowMs) > 0) return { is: "flood" };
    this.#refusals.use(cost, nowMs);
    return { is: "refused", ms: Math.max(rateWaitMsMin, waitMs) };
  }
}

/** What the connections of a user share. Kept until it is earned back: who reconnects finds what it left. */
export class UserRates {
  readonly #limits: RateLimits;
  readonly #byOwner = new Map<string, { readonly allowance: Allowance; sessionCount: number }>();
  #activeCount = 0;

  constructor(limits: RateLimits) {
    this.#limits = limits;
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
      const { userFramesPerSecond, userFramesBurst, userBytesPerSecond, userBytesBurst } = this.#limits;
      const frames = [userFramesPerSecond, userFramesBurst] as const;
      user = { allowance: new Allowance(frames, [userBytesPerSecond, userBytesBurst], nowMs), sessionCount: 0 };
      this.#byOwner.set(owner, user);
    }
    if (user.sessionCount++ === 0) this.#activeCount++;
    return user.allowance;
  }

  leave(owner: string): void {
    const user = this.#byOwner.get(owner);
    if (user !== undefined && --user.sessionCount === 0) this.#activeCount--;
  }

  /** Forgets those who are gone and owe nothing, when they have become as many as those who are here. */
  #sweep(nowMs: number): void {
    const spareCount = 64;
    if (this.#byOwner.size < 2 * this.#activeCount + spareCount) return;
    for (const [owner, { allowance, sessionCount }] of this.#byOwner)
      if (sessionCount === 0 && allowance.isFull(nowMs)) this.#byOwner.delete(owner);
  }
}
