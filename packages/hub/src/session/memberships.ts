// The channels one session is a member of, and how it leaves them: at once when it says so, after a grace when its
// connection just ended.

import { utf8Encode } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { Channel } from "../channel/channel.ts";
import { HubError } from "../hub-error.ts";
import type { Actor } from "../ports/index.ts";
import { TokenBucket } from "../pressure/token-bucket.ts";
import { InOrder } from "./in-order.ts";

export interface MembershipLimits {
  /** Channels one connection is a member of. */
  readonly membershipCount: number;
  /** Words about its presence that are taken, on average and at once. */
  readonly presencePerSecond: number;
  readonly presenceBurst: number;
}

export class Memberships {
  /** Enter and leave of one channel are done in order. */
  readonly order = new InOrder();
  readonly #limits: MembershipLimits;
  /** Made at the first word. */
  #words: TokenBucket | undefined;
  /** Absent before the first. */
  #entered: Set<Channel> | undefined;

  constructor(limits: MembershipLimits) {
    this.#limits = limits;
  }

  /** Pays for one word about this connection's presence. Milliseconds until it is taken; 0: now. */
  pay(nowMs: number): number {
    const { presencePerSecond: perSecond, presenceBurst: burst } = this.#limits;
    this.#words ??= new TokenBucket({ perSecond, burst }, nowMs);
    const waitMs = this.#words.waitMs(nowMs);
    if (waitMs === 0) this.#words.use(1, nowMs);
    return waitMs;
  }

  /** The channels entered. */
  all(): readonly Channel[] {
    return [...(this.#entered ?? [])];
  }

  /** @throws {HubError} `tooManySubscriptions`, `overloaded`, or `failed` when the application names no member */
  enter(channel: Channel, actor: Actor, ver: number, data: unknown): void {
    const { x, userId } = actor;
    const entered = (this.#entered ??= new Set());
    const { membershipCount } = this.#limits;
    if (!entered.has(channel) && entered.size >= membershipCount)
      throw new HubError("tooManySubscriptions", `a member of ${membershipCount} channels, which are the most`);
    if (!channel.presence.hasRoomFor(x))
      throw new HubError("overloaded", `${channel.name} has ${channel.presence.count} members, which are the most`);
    const key = channel.policy.memberKey?.(actor) ?? x;
    if (key === "" || utf8Encode(key).length > wireLimits.memberKeyBytes)
      throw new HubError("failed", `${channel.name}: a member's key has 1 to ${wireLimits.memberKeyBytes} bytes`);
    entered.add(channel);
    channel.presence.enter({ x, ver, key, userId, data });
  }

  /** @param ver  of the client's word; that of its entry if the server says it */
  leave(channel: Channel, { x }: Actor, ver?: number): void {
    this.#entered?.delete(channel);
    channel.presence.leave(x, ver);
  }

  sessionEnded(x: string | undefined, isDeliberate: boolean): void {
    if (x === undefined) return;
    for (const channel of this.#entered ?? []) {
      if (isDeliberate) channel.presence.leave(x);
      else channel.presence.leaveAfterGrace(x);
    }
    this.#entered = undefined;
  }
}
