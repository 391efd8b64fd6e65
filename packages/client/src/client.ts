// The client as a contract types it. At run time a contract is nothing: a channel's name follows from its key and
// parameters alone, so all of this is names and types over the core.

import type { Clock } from "@heddle/base";
import { systemClock, systemFloats } from "@heddle/base/system";
import { channelName, type Gap, type WirePos } from "@heddle/protocol";
import type {
  Contract,
  AskResult,
  AskName,
  AskRequest,
  CallInput,
  CallName,
  CallOutput,
  ChannelKey,
  EventInput,
  EventName,
  EventOutput,
  IsIdempotent,
  IsVolatile,
  MemberInput,
  MemberOf,
  NoticeName,
  NoticeOutput,
  ParamsOf,
} from "@heddle/protocol/contract";
import type { Channel, ChannelPublishOptions, SubscribeOptions } from "./channel/channel-api.ts";
import type { Message, Meta } from "./channel/delivery.ts";
import type { HistoryPage, HistoryQuery } from "./channel/history.ts";
import type { ChannelPresence, Member } from "./channel/presence.ts";
import { createClientCore, type CallOptions, type ClientCore } from "./client-core.ts";
import type { CoreOptions } from "./options.ts";
import type { Published } from "./outbox/outbox.ts";
import type { Listener, Off } from "./emitter.ts";
import type { Transport } from "./transport/transport.ts";

export interface ClientOptions extends Omit<CoreOptions, "transport" | "clock" | "random"> {
  /** Of the server's endpoint, e.g. "/realtime" in a page of the same origin, or "wss://…". */
  readonly url?: string;
  /** Instead of `url`. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly random?: CoreOptions["random"];
}

type Handler<Payload> = (payload: Payload, meta: Meta) => unknown;
/** Parameters may be left out where there are none. */
type WithParams<Params, Rest extends readonly unknown[]> = object extends Params
  ? [params?: Params, ...rest: Rest]
  : [params: Params, ...rest: Rest];
/** What the contract declares of an operation or event has to be said again where there is no contract: at run time. */
type Said<Name extends string, Declared, Options> = Declared extends true
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

/** A channel of the contract. What the methods do is told at `Channel`. */
export interface TypedChannel<C extends Contract, K extends ChannelKey<C>> extends Omit<
  Channel,
  "on" | "publish" | "presence" | "history" | "historyPage" | "onSnapshot"
> {
  readonly presence: TypedPresence<MemberInput<C, K>, MemberOf<C, K>>;
  on<E extends EventName<C, K>>(event: E, handler: Handler<EventOutput<C, K, E>>): Off;
  onSnapshot(handler: Listener<unknown>): Off;
  onGap(handler: Listener<Gap, void | WirePos>): Off;
  publish<E extends EventName<C, K>>(
    event: E,
    payload: EventInput<C, K, E>,
    ...options: Said<"volatile", IsVolatile<C, K, E>, Omit<ChannelPublishOptions, "volatile">>
  ): Promise<Published>;
  historyPage(query: HistoryQuery): Promise<HistoryPage & { readonly entries: readonly Entry<C, K>[] }>;
  history(query: HistoryQuery): AsyncGenerator<Message & Entry<C, K>, void, undefined>;
}

/** A client of a contract. What the methods do is told at `ClientCore`. */
export interface Client<C extends Contract> extends Omit<
  ClientCore,
  "channel" | "channels" | "call" | "onAsk" | "onNotice"
> {
  /** Every channel somebody follows or listens to, whatever its key. */
  readonly channels: readonly Channel[];
  /** A handle of one channel; any number of them are the same. Nothing is sent before it is used. */
  channel<K extends ChannelKey<C>>(
    key: K,
    ...rest: WithParams<ParamsOf<C, K>, [options?: SubscribeOptions]>
  ): TypedChannel<C, K>;
  call<N extends CallName<C>>(
    name: N,
    input: CallInput<C, N>,
    ...options: Said<"idempotent", IsIdempotent<C, N>, Omit<CallOptions, "idempotent">>
  ): Promise<CallOutput<C, N>>;
  onAsk<N extends AskName<C>>(
    name: N,
    handler: (
      question: AskRequest<C, N>,
      context: { readonly signal: AbortSignal },
    ) => AskResult<C, N> | Promise<AskResult<C, N>>,
  ): Off;
  onNotice<N extends NoticeName<C>>(name: N, handler: Handler<NoticeOutput<C, N>>): Off;
}

/**
 * @param dial   how the environment reaches an address
 * @param usual  the lifecycle when none is given
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export function clientOn<C extends Contract>(
  options: ClientOptions,
  dial: (url: string, clock: Clock) => Transport,
  usual?: CoreOptions["lifecycle"],
): Client<C> {
  const { url = "/realtime", clock = systemClock(), random = systemFloats(), lifecycle = usual } = options;
  const { transport = dial(url, clock) } = options;
  const core = createClientCore({ ...options, clock, random, lifecycle, transport });
  const { channel } = core;
  const named = (key: string, params?: Readonly<Record<string, string>>, given?: SubscribeOptions): Channel =>
    channel(channelName(key, params), given);
  return Object.assign(core, { channel: named }) as unknown as Client<C>;
}
