// A channel as applications see it.

import type { Gap, Mode, WirePos } from "@heddle/protocol";
import type { Listener, Off } from "../emitter.ts";
import type { Published, PublishOptions } from "../outbox/outbox.ts";
import type { ChannelPorts } from "../ports.ts";
import type { Message, Meta } from "./delivery.ts";
import type { HistoryPage, HistoryQuery } from "./history.ts";
import type { ChannelPresence } from "./presence.ts";
import type { ChannelState } from "./states.ts";

export interface SubscribeOptions {
  /**
   * Where to begin: now (default), with the last `n` entries, with a snapshot, or behind a position kept from earlier.
   * `kept`: behind what an earlier run with the same `outbox` has handled; now, if there is none.
   */
  readonly at?: "live" | "snap" | "kept" | { readonly last: number } | { readonly position: WirePos } | undefined;
  /**
   * Weaker than the channel offers: of `resume`, `key` (the newest entry of each key), `latest` (the newest entry),
   * `volatile` (what there is room for) the earlier ones are stronger.
   */
  readonly mode?: Mode | undefined;
  /** Follow who is there. */
  readonly presence?: boolean | undefined;
  /** Pass over what this client published itself. */
  readonly noEcho?: boolean | undefined;
}

export interface ChannelPublishOptions extends PublishOptions {
  /**
   * `accepted` (default): the log has it. `echo`: and this client's own subscription has received it; needs a handler on
   * this channel, and is given up (`not-echoed`, it is stored) after a minute or where a gap passes over it.
   */
  readonly until?: "accepted" | "echo" | undefined;
  /** For events the contract declares volatile: sent once or, without a connection, not at all. */
  readonly volatile?: boolean | undefined;
}

/** How a subscription is doing. `code` and `why` are the server's, when it said something. */
export interface ChannelStatus {
  readonly state: ChannelState;
  readonly code?: number | undefined;
  readonly why?: string | undefined;
  /** The server cannot reach the channel's log; nothing is lost by that. */
  readonly degraded: boolean;
  /** This connection is too slow: what comes is older than what others see, or, as the channel's policy says, thinned out. */
  readonly lagging: boolean;
}

export interface Skip {
  readonly from: WirePos;
  readonly to: WirePos;
}

/** A channel without what can be left out of a bundle. */
export interface BareChannel extends ChannelPorts {
  readonly name: string;
  readonly status: ChannelStatus;
  /** Where this subscription began: history before it completes what is delivered. Undefined before that. */
  readonly attachedAt: WirePos | undefined;
  /** The position behind the latest entry that came. */
  readonly received: WirePos | undefined;
  /** The position behind the latest entry that was handled: what to keep with the application's own state. */
  readonly handled: WirePos | undefined;
  /**
   * Calls `handler` with every entry of `event`, in order, each when the one before is handled. The first handler
   * subscribes; when the last is gone, the subscription ends.
   *
   * @throws {LocalError} `closed`
   */
  on(event: string, handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** As `on`, for every event. */
  onAny(handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** Calls `handler` with the state a subscription `at: "snap"` begins with; the stream goes on from it. Subscribes. */
  onSnapshot(handler: Listener<unknown>): Off;
  /**
   * Something was missed between `from` and `to`. Entries wait until the handler is done. A position it returns says how
   * far what it loaded reaches: entries up to there are not delivered again.
   */
  onGap(handler: Listener<Gap, void | WirePos>): Off;
  /** Entries were left out on purpose (conflated). */
  onSkip(handler: Listener<Skip>): Off;
  onStatus(handler: Listener<ChannelStatus>): Off;
  /** Resolves when subscribed; something must have subscribed it. @throws {HeddleError} refused */
  ready(): Promise<void>;
  /**
   * Resolves when the channel's log has the event, exactly once, however often the connection is lost meanwhile.
   *
   * @throws {HeddleError} refused: it is not in the log
   * @throws {LocalError} `backpressure`, `aborted`, `timeout`, `closed`, `user-changed`, `unknown-outcome`, `not-echoed`
   */
  publish(event: string, payload: unknown, options?: ChannelPublishOptions): Promise<Published>;
}

export interface Channel extends BareChannel {
  /** Who is there, and being one of them. */
  readonly presence: ChannelPresence;
  /** One page of the past. @throws {HeddleError} `expired` (308) when the position is not kept any more, `forbidden` */
  historyPage(query: HistoryQuery): Promise<HistoryPage>;
  /** Walks through the past, newest first; with `after`, oldest first. Pages are fetched as they are needed. */
  history(query: HistoryQuery): AsyncGenerator<Message, void, undefined>;
}
