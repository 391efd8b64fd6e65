// What an application imports when it uses it: who is present, the past, and the server's questions. A bundler leaves out
// what is not imported.

import type { Contract, AskName, AskRequest, AskResult } from "@heddle/protocol/contract";
import { history, historyPage, type HistoryPage, type HistoryQuery } from "./channel/history.ts";
import type { Message } from "./channel/delivery.ts";
import { newPresence } from "./channel/presence.ts";
import type { Off } from "./emitter.ts";
import { ports, type ChannelPorts, type ClientPorts, type Typed } from "./ports.ts";
import { newAsks } from "./requests/asks.ts";
import type { ChannelTypes, TypedPresence } from "./typed-channel.ts";

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

/** Answers the server's questions of this name. One handler a name; the latest counts. */
export const onAsk = <C extends Contract, N extends AskName<C>>(
  client: ClientPorts & Typed<C>,
  name: N,
  handler: (
    question: AskRequest<C, N>,
    context: { readonly signal: AbortSignal },
  ) => AskResult<C, N> | Promise<AskResult<C, N>>,
): Off => client[ports][0](newAsks)(name, (question, context) => handler(question as AskRequest<C, N>, context));
