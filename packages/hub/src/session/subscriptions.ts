// The subscriptions of one connection, by wire name and by alias.

import { toWirePos, type LiveFrame } from "@heddle/protocol";
import type { Channel } from "../channel/channel.ts";
import type { Cursor } from "../channel/cursor.ts";
import { InOrder } from "./in-order.ts";

export interface Subscription {
  /** The name the client uses: `$me` for its own user's channel. */
  readonly wireName: string;
  readonly channel: Channel;
  readonly cursor: Cursor;
  /** Given by the server: cannot be ended by the client. */
  readonly isImplicit: boolean;
}

export class Subscriptions {
  /** In the order they came. One map: a second, by alias, would be wanted by connections that lag alone. */
  readonly #byName = new Map<string, Subscription>();
  /** What is asked about one channel is done in order, authorisation included. */
  readonly order = new InOrder();
  /** Names being subscribed now; they count towards the limit. Absent while there are none. */
  #starting: Set<string> | undefined;

  /** Those the client asked for. */
  get count(): number {
    let count = this.#starting?.size ?? 0;
    for (const { isImplicit } of this.#byName.values()) if (!isImplicit) count++;
    return count;
  }

  get(wireName: string): Subscription | undefined {
    return this.#byName.get(wireName);
  }

  cursors(): readonly Cursor[] {
    return Array.from(this.#byName.values(), ({ cursor }) => cursor);
  }

  all(): readonly Subscription[] {
    return [...this.#byName.values()];
  }

  /** Whether one to a log still reads what came before it, and has room to. */
  get isCatchingUp(): boolean {
    return this.all().some(({ channel, cursor }) => channel.isDurable && cursor.state === "catchup");
  }

  /** Where each one to a log stands, behind all that was sent. */
  positions(): LiveFrame[] {
    return this.all()
      .filter(({ channel }) => channel.isDurable)
      .map(({ channel, cursor }) => ({
        ...{ t: "live", c: channel.alias, p: toWirePos(cursor.pos) },
        ...(cursor.state === "live" ? {} : { more: 1 }),
      }));
  }

  starting(wireName: string): void {
    (this.#starting ??= new Set()).add(wireName);
  }

  notStarting(wireName: string): void {
    this.#starting?.delete(wireName);
    if (this.#starting?.size === 0) this.#starting = undefined;
  }

  add(subscription: Subscription): void {
    this.notStarting(subscription.wireName);
    this.#byName.set(subscription.wireName, subscription);
    subscription.channel.add(subscription.cursor);
  }

  /** Ends a subscription's cursor. The caller releases the channel. */
  remove(subscription: Subscription): void {
    const { channel, cursor } = subscription;
    this.#byName.delete(subscription.wireName);
    channel.remove(cursor);
  }
}
