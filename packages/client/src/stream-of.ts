// Streams as a contract types them.

import type {
  CallInput,
  CallOutput,
  Contract,
  InputStreamName,
  StreamName,
  ThroughStreamName,
} from "@heddle/protocol/contract";
import type { ClientPorts, Typed } from "./ports.ts";
import { callWithValues, newInput, type InputOptions } from "./requests/inputs.ts";
import type { Iterated } from "./requests/outflow.ts";
import { streamFrom, type StreamOptions } from "./requests/streams.ts";

/**
 * Calls an operation whose output is a stream: `for await (const row of streamOf(client, "tail", query))`. The handler goes
 * on as fast as the loop does; leaving the loop ends it. See `StreamOptions` for bounds; a stream is never repeated.
 *
 * Iterating throws {HeddleError} the server's refusal, also after values; {LocalError} `unknown-outcome` when the connection
 * ended first, `aborted`, `timeout`, `backpressure`, `closed`.
 */
export const streamOf = <C extends Contract, N extends StreamName<C>>(
  client: ClientPorts & Typed<C>,
  name: N,
  input: CallInput<C, N>,
  options?: StreamOptions,
): AsyncIterableIterator<CallOutput<C, N>> =>
  streamFrom(client, name, input, options) as AsyncIterableIterator<CallOutput<C, N>>;

/**
 * Calls an operation whose input is a stream: `await streamInto(client, "import", rows())`. Values are taken from `values`
 * as the handler takes them; when it stops, or the call ends, `values` is returned. It is never repeated.
 *
 * @throws {HeddleError} the server's refusal; {LocalError} `unknown-outcome` when the connection ended first, `aborted`,
 *   `timeout` (default: none), `backpressure`, `closed`; and whatever `values` throws, which cancels the call
 */
export const streamInto = <C extends Contract, N extends InputStreamName<C>>(
  client: ClientPorts & Typed<C>,
  name: N,
  values: Iterated<CallInput<C, N>>,
  options?: InputOptions,
): Promise<CallOutput<C, N>> => callWithValues(client, name, values, options) as Promise<CallOutput<C, N>>;

/** Calls an operation whose input and output are streams. Each side goes as fast as its consumer; see the two others. */
export const streamThrough = <C extends Contract, N extends ThroughStreamName<C>>(
  client: ClientPorts & Typed<C>,
  name: N,
  values: Iterated<CallInput<C, N>>,
  options?: StreamOptions,
): AsyncIterableIterator<CallOutput<C, N>> =>
  streamFrom(client, name, undefined, options, (failed) => newInput(client, values, failed)) as AsyncIterableIterator<
    CallOutput<C, N>
  >;
