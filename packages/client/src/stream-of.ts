// Streams as a contract types them.

import type { CallInput, CallOutput, Contract, StreamName } from "@heddle/protocol/contract";
import type { Client } from "./client.ts";
import { streamFrom, type StreamOptions } from "./requests/streams.ts";

/**
 * Calls an operation whose output is a stream: `for await (const row of streamOf(client, "tail", query))`. The handler goes
 * on as fast as the loop does; leaving the loop ends it. See `StreamOptions` for bounds; a stream is never repeated.
 *
 * Iterating throws {HeddleError} the server's refusal, also after values; {LocalError} `unknown-outcome` when the connection
 * ended first, `aborted`, `timeout`, `backpressure`, `closed`.
 */
export const streamOf = <C extends Contract, N extends StreamName<C>>(
  client: Client<C>,
  name: N,
  input: CallInput<C, N>,
  options?: StreamOptions,
): AsyncIterableIterator<CallOutput<C, N>> =>
  streamFrom(client, name, input, options) as AsyncIterableIterator<CallOutput<C, N>>;
