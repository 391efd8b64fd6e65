// The client as a contract types it. At run time a contract is nothing: a channel's name follows from its key and
// parameters alone, so all of this is names and types over the core.

import type { Clock } from "@heddle/base";
import { systemClock, systemFloats } from "@heddle/base/system";
import { channelName } from "@heddle/protocol";
import type {
  Contract,
  AskResult,
  AskName,
  AskRequest,
  CallInput,
  CallOutput,
  ChannelKey,
  IsIdempotent,
  NoticeName,
  NoticeOutput,
  ParamsOf,
  PlainCallName,
  StreamAskName,
} from "@heddle/protocol/contract";
import type { BareChannel, Channel, SubscribeOptions } from "./channel/channel-api.ts";
import type { BareClient, CallOptions } from "./client-core.ts";
import type { DeviceOptions } from "./device/watch-device.ts";
import type { Off } from "./emitter.ts";
import type { CoreOptions } from "./options.ts";
import type { Typed } from "./ports.ts";
import type { Iterated } from "./requests/outflow.ts";
import type { Transport } from "./transport/transport.ts";
import type { Handler, Said, TypedBareChannel, TypedChannel } from "./typed-channel.ts";

export interface ClientOptions extends Omit<CoreOptions, "transport" | "clock" | "random"> {
  /** Of the server's endpoint, e.g. "/realtime" in a page of the same origin, or "wss://…". */
  readonly url?: string;
  /** Instead of `url`. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly random?: CoreOptions["random"];
}

/** Answers a question: with a value, or, where the contract says that the answer is a stream, with anything to iterate. */
export type AskFunction<C extends Contract, N extends AskName<C>> = (
  question: AskRequest<C, N>,
  context: { readonly signal: AbortSignal },
) => N extends StreamAskName<C>
  ? Iterated<AskResult<C, N>> | Promise<Iterated<AskResult<C, N>>>
  : AskResult<C, N> | Promise<AskResult<C, N>>;

/** Parameters may be left out where there are none. */
type WithParams<Params, Rest extends readonly unknown[]> = object extends Params
  ? [params?: Params, ...rest: Rest]
  : [params: Params, ...rest: Rest];
/** What picks a channel of the contract. */
type Wanted<C extends Contract, K extends ChannelKey<C>> = WithParams<ParamsOf<C, K>, [options?: SubscribeOptions]>;

/** A client of a contract without what can be left out of a bundle. What the methods do is told at `BareClient`. */
export interface TypedBareClient<C extends Contract>
  extends Omit<BareClient, "channel" | "call" | "onNotice">, Typed<C> {
  /** The one in use or tried last by name, and why none that would be better. */
  readonly transport: Pick<Transport, "name" | "why">;
  /** Every channel somebody follows or listens to, whatever its key. */
  readonly channels: readonly BareChannel[];
  /** A handle of one channel; any number of them are the same. Nothing is sent before it is used. */
  channel<K extends ChannelKey<C>>(key: K, ...rest: Wanted<C, K>): TypedBareChannel<C, K>;
  /** Of the calls without a stream; for the others see `streamOf`, `streamInto` and `streamThrough`. */
  call<N extends PlainCallName<C>>(
    name: N,
    input: CallInput<C, N>,
    ...options: Said<"idempotent", IsIdempotent<C, N>, Omit<CallOptions, "idempotent">>
  ): Promise<CallOutput<C, N>>;
  onNotice<N extends NoticeName<C>>(name: N, handler: Handler<NoticeOutput<C, N>>): Off;
}

/** A client of a contract. What the methods do is told at `ClientCore`. */
export interface Client<C extends Contract> extends Omit<TypedBareClient<C>, "channel"> {
  readonly channels: readonly Channel[];
  channel<K extends ChannelKey<C>>(key: K, ...rest: Wanted<C, K>): TypedChannel<C, K>;
  onAsk<N extends AskName<C>>(name: N, handler: AskFunction<C, N>): Off;
}

/**
 * Gives a client the names of a contract; which contract and which client is for the caller to say.
 *
 * @param make   the client without types
 * @param dial   how the environment reaches an address
 * @param usual  options of this environment, unless they are given
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export function clientOn<Typed, Options extends ClientOptions>(
  options: Options,
  make: (options: CoreOptions) => BareClient,
  dial: (url: string, clock: Clock, options: Options) => Transport,
  usual?: Partial<CoreOptions & DeviceOptions>,
): Typed {
  const { url = "/realtime", clock = systemClock(), random = systemFloats() } = options;
  const { transport = dial(url, clock, options) } = options;
  const core = make({ ...usual, ...options, clock, random, transport });
  const { channel } = core;
  const named = (key: string, params?: Readonly<Record<string, string>>, given?: SubscribeOptions): BareChannel =>
    channel(channelName(key, params), given);
  return Object.assign(core, { channel: named, transport }) as Typed;
}
