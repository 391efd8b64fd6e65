// The channels one session is a member of, and how it leaves them: at once when it says so, after a grace when its
// connection just ended.

import type { Channel } from "../channel/channel.ts";
import type { Channels } from "../channel/channels.ts";
import type { Actor } from "../ports/index.ts";
import { InOrder } from "./in-order.ts";

export class Memberships {
  /** Enter and leave of one channel are done in order. */
  readonly order = new InOrder();
  readonly #channels: Channels;
  /** Absent before the first. */
  #entered: Set<Channel> | undefined;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  /** The channels entered. */
  all(): readonly Channel[] {
    return [...(this.#entered ?? [])];
  }

  /** False when a newer version of this member is known. */
  enter(channel: Channel, { x, userId }: Actor, ver: number, data: unknown): boolean {
    const user = userId === undefined ? {} : { u: userId };
    (this.#entered ??= new Set()).add(channel);
    return channel.presence.enter({ x, ver, ...user, ...(data === undefined ? {} : { d: data }) });
  }

  leave(channel: Channel, { x }: Actor): void {
    this.#entered?.delete(channel);
    channel.presence.leave(x);
    this.#channels.settle(channel);
  }

  sessionEnded(x: string | undefined, isDeliberate: boolean): void {
    if (x === undefined) return;
    for (const channel of this.#entered ?? []) {
      if (isDeliberate) channel.presence.leave(x);
      else channel.presence.leaveAfterGrace(x, () => this.#channels.settle(channel));
      this.#channels.settle(channel);
    }
    this.#entered = undefined;
  }
}
