// What a channel, the client's other channels and the rest of the client are to each other. They come as tuples, each
// destructured where it is used: variables are shortened by a minifier, properties are not.

import type { Gap, ServerFrame, SubBody } from "@heddle/protocol";
import type { Loose, Send } from "../connection/send.ts";
import type { LocalError } from "../errors.ts";
import type { Settings } from "../options.ts";
import type { Publish } from "../outbox/outbox.ts";
import type { Ask } from "../requests/requests.ts";
import type { Answered } from "../requests/sender.ts";
import type { Counters } from "../stats.ts";
import type { BareChannel, ChannelStatus, Skip, SubscribeOptions } from "./channel-api.ts";
import type { DeliveryKinds, Meta } from "./delivery.ts";
import type { PresenceState } from "./presence.ts";

/** What the client asks of a channel. */
export interface ChannelInside {
  readonly channel: BareChannel;
  /** Given by the server: cannot be asked for or ended. */
  readonly isImplicit: boolean;
  /** Takes options for a subscription that has not begun. */
  use(options: SubscribeOptions): void;
  /** Whether it does nothing now. */
  isUnused(): boolean;
  /** Cost of what would be given up by parking it; 0 when it cannot be. */
  parkable(): number;
  /** Its handlers are too slow: lets go of what waits, and of the channel until they settle. */
  park(): void;
  /** What `hello` says of it: undefined when it is not wanted now. */
  joining(): Loose<SubBody> | undefined;
  welcomed(): void;
  /** A frame with this channel's alias; a `subd` when the server subscribed us by itself. */
  frame(frame: ServerFrame, cost: number): void;
  /** @param areVoid  positions mean nothing any more */
  lost(areVoid: boolean): void;
  closed(error: LocalError): void;
}

/** What an application can listen to on a channel. */
export interface ChannelKinds extends DeliveryKinds {
  readonly snapshot: [snapshot: unknown];
  readonly skip: [skip: Skip];
  readonly status: [status: ChannelStatus];
  readonly presence: [state: PresenceState];
}

/** What channels need of the client's other parts. */
export type ClientParts = readonly [
  settings: Settings,
  counters: Counters,
  /** `x`: identity of this client's publishes; undefined before the first connection. */
  client: { readonly x?: string | undefined; readonly state: { readonly name: string } },
  /** Connects unless connected. @throws {LocalError} `closed` */
  connect: () => void,
  send: Send,
  /** Begins a new connection: what the server gave by itself can be had again in no other way. */
  restart: (why: string) => void,
  expect: (answered: Answered) => number,
  ask: Ask,
  publish: Publish,
  /** A number that rises with every call. */
  number: () => number,
  /** A notice came, or notices were missed. */
  notice: (payload: unknown, meta: Meta) => unknown,
  noticeGap: (gap: Gap & { readonly channel: string }) => unknown,
  /** Gives every channel members of its own. */
  extend?: ((channel: BareChannel) => void) | undefined,
];

/** What channels need of each other's company. */
export type ChannelsParts = readonly [
  byName: Map<string, ChannelInside>,
  /** Frames with an alias of this connection are that channel's, or nobody's. */
  byAlias: Map<number, ChannelInside>,
  /** Sends a `sub` or `unsub`, unless there is no server to hear it. */
  say: (frame: () => Parameters<Send>[0]) => void,
  /** What waits for slow handlers changed. */
  held: (costDelta: number) => void,
];
