// A channel as a contract types it.

import type { Gap, WirePos } from "@heddle/protocol";
import type {
  BytesEventName,
  ChannelKey,
  Contract,
  EventInput,
  EventName,
  EventOutput,
  IsVolatile,
  MemberInput,
  MemberOf,
} from "@heddle/protocol/contract";
import type { BareChannel, ChannelPublishOptions } from "./channel/channel-api.ts";
import type { Message, Meta } from "./channel/delivery.ts";
import type { HistoryPage, HistoryQuery } from "./channel/history.ts";
import type { ChannelPresence, Member } from "./channel/presence.ts";
import type { Listener, Off } from "./emitter.ts";
import type { Published } from "./outbox/outbox.ts";
import type { Typed } from "./ports.ts";

export type Handler<Payload> = (payload: Payload, meta: Meta) => unknown;
/** What the contract declares of an operation or event has to be said again where there is no contract: at run time. */
export type Said<Name extends string, Declared, Options> = Declared extends true
  ? [options: Options & { readonly [Key in Name]: true }]
  : [options?: Options & { readonly [Key in Name]?: false }];

/** An entry of the past, typed by its event. */
export type Entry<C extends Contract, K extends ChannelKey<C>> = {
  readonly [E in EventName<C, K>]: {
    readonly payload: EventOutput<C, K, E>;
    readonly meta: Meta & { readonly event: E };
  };
}[EventName<C, K>];

/** Who is in a channel, with the contract's member data. */
export interface TypedPresence<Given, Data> extends Omit<
  ChannelPresence,
  "enter" | "update" | "members" | "list" | "onChange"
> {
  enter(data: Given): Promise<void>;
  update(data: Given): Promise<void>;
  list(page?: {
    readonly limit?: number;
    readonly after?: string;
  }): Promise<readonly (Member & { readonly data: Data })[]>;
  readonly members: ReadonlyMap<string, Member & { readonly data: Data }>;
  onChange(
    listener: Listener<{
      readonly members: ReadonlyMap<string, Member & { readonly data: Data }>;
      readonly count: number;
    }>,
  ): Off;
}

/** What a contract says of one channel to functions that are given it. */
export interface ChannelTypes<Given, Data, Entry> {
  /** Member data as it is given, and as it arrives. */
  readonly given: Given;
  readonly data: Data;
  readonly entry: Entry;
}

/** Names of a channel's events of bytes, stored and volatile. */
export interface BytesTypes<Stored, Volatile> {
  readonly storedBytes: Stored;
  readonly volatileBytes: Volatile;
}

/** A channel of the contract without what can be left out of a bundle. What the methods do is told at `BareChannel`. */
export interface TypedBareChannel<C extends Contract, K extends ChannelKey<C>>
  extends
    Omit<BareChannel, "on" | "publish" | "onSnapshot" | "onGap">,
    Typed<
      ChannelTypes<MemberInput<C, K>, MemberOf<C, K>, Entry<C, K>> &
        BytesTypes<
          Exclude<BytesEventName<C, K>, VolatileEventName<C, K>>,
          BytesEventName<C, K> & VolatileEventName<C, K>
        >
    > {
  /** Of events of bytes, see `onBytes` and `publishBytes`. */
  on<E extends ValueEventName<C, K>>(event: E, handler: Handler<EventOutput<C, K, E>>): Off;
  onSnapshot(handler: Listener<unknown>): Off;
  onGap(handler: Listener<Gap, void | WirePos>): Off;
  publish<E extends ValueEventName<C, K>>(
    event: E,
    payload: EventInput<C, K, E>,
    ...options: PublishOptionsOf<C, K, E>
  ): Promise<Published>;
}

type VolatileEventName<C extends Contract, K extends ChannelKey<C>> = {
  [E in EventName<C, K>]: IsVolatile<C, K, E> extends true ? E : never;
}[EventName<C, K>];
type ValueEventName<C extends Contract, K extends ChannelKey<C>> = Exclude<EventName<C, K>, BytesEventName<C, K>>;
export type PublishOptionsOf<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = Said<
  "volatile",
  IsVolatile<C, K, E>,
  Omit<ChannelPublishOptions, "volatile">
>;

/** A channel of the contract. What the methods do is told at `Channel`. */
export interface TypedChannel<C extends Contract, K extends ChannelKey<C>> extends TypedBareChannel<C, K> {
  on<E extends EventName<C, K>>(event: E, handler: Handler<EventOutput<C, K, E>>): Off;
  publish<E extends EventName<C, K>>(
    event: E,
    payload: EventInput<C, K, E>,
    ...options: PublishOptionsOf<C, K, E>
  ): Promise<Published>;
  readonly presence: TypedPresence<MemberInput<C, K>, MemberOf<C, K>>;
  historyPage(query: HistoryQuery): Promise<HistoryPage & { readonly entries: readonly Entry<C, K>[] }>;
  history(query: HistoryQuery): AsyncGenerator<Message & Entry<C, K>, void, undefined>;
}
