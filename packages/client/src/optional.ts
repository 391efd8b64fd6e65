// What an application imports when it uses it: who is present, the past, and the server's questions. A bundler leaves out
// what is not imported.

import type { Contract, AskName, AskRequest } from "@heddle/protocol/contract";
import { publishBytes as publishRaw } from "./bytes.ts";
import { bytesOf } from "./bytes-of.ts";
import type { BareChannel, ChannelPublishOptions } from "./channel/channel-api.ts";
import { history, historyPage, type HistoryPage, type HistoryQuery } from "./channel/history.ts";
import type { Message } from "./channel/delivery.ts";
import { newPresence } from "./channel/presence.ts";
import type { Off } from "./emitter.ts";
import type { Published } from "./outbox/outbox.ts";
import type { AskFunction } from "./client.ts";
import { ports, type ChannelPorts, type ClientPorts, type Typed } from "./ports.ts";
import { newAsks } from "./requests/asks.ts";
import type { BytesTypes, ChannelTypes, Handler, Said, TypedPresence } from "./typed-channel.ts";

/** Who is in a channel, and being one of them: the same object at every call. */
export const presenceOf = <Given, Data, Entry>(
  channel: ChannelPorts & Typed<ChannelTypes<Given, Data, Entry>>,
): TypedPresence<Given, Data> => channel[ports][1](newPresence) as TypedPresence<Given, Data>;

/** Walks through a channel's past, newest first; with `after`, oldest first. Pages are fetched as they are needed. */
export const historyOf = <Given, Data, Entry>(
  channel: ChannelPorts & Typed<ChannelTypes<Given, Data, Entry>>,
  query: HistoryQuery,
): AsyncGenerator<Message & Entry, void, undefined> =>
  history(channel[ports][0], channel.name, query) as AsyncGenerator<Message & Entry, void, undefined>;

/**
 * One page of a channel's past.
 *
 * @throws {HeddleError} `expired` (308) when the position is not kept any more, `forbidden`
 */
export const historyPageOf = <Given, Data, Entry>(
  channel: ChannelPorts & Typed<ChannelTypes<Given, Data, Entry>>,
  query: HistoryQuery,
): Promise<HistoryPage & { readonly entries: readonly (Message & Entry)[] }> =>
  historyPage(channel[ports][0], channel.name, query) as ReturnType<typeof historyPageOf<Given, Data, Entry>>;

/** As `on` of a channel, for an event whose payload is bytes. */
export const onBytes = <Stored extends string, Volatile extends string>(
  channel: ChannelPorts & Typed<BytesTypes<Stored, Volatile>>,
  event: Stored | Volatile,
  handler: Handler<Uint8Array>,
): Off => (channel as unknown as BareChannel).on(event, (payload, meta) => handler(bytesOf(payload as string), meta));

/** As `publish` of a channel, for an event whose payload is bytes. They are copied now. */
export const publishBytes = <Stored extends string, Volatile extends string, E extends Stored | Volatile>(
  channel: ChannelPorts & Typed<BytesTypes<Stored, Volatile>>,
  event: E,
  bytes: Uint8Array,
  ...[options]: Said<"volatile", E extends Volatile ? true : false, Omit<ChannelPublishOptions, "volatile">>
): Promise<Published> => publishRaw(channel as unknown as BareChannel, event, bytes, options);

/** Answers the server's questions of this name. One handler a name; the latest counts. */
export const onAsk = <C extends Contract, N extends AskName<C>>(
  client: ClientPorts & Typed<C>,
  name: N,
  handler: AskFunction<C, N>,
): Off => client[ports][0](newAsks)(name, (question, context) => handler(question as AskRequest<C, N>, context));
