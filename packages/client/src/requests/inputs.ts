// Calls whose input is a stream: the server asks for the values, as far as its handler takes them.

import type { PartFrame } from "@heddle/protocol";
import { ports, type ClientPorts } from "../ports.ts";
import type { AskOptions } from "./requests.ts";
import { newOutflow, streamWindowCost, type Iterated, type Outflow } from "./outflow.ts";

export type InputOptions = AskOptions;

/** An input on its way. */
export type Input = readonly [
  /** What the server says of it. False: the part says something else. */
  came: (part: PartFrame) => boolean,
  stop: Outflow[2],
];

/** @param failed  the values threw: the call is to be ended, and this is why */
export function newInput(client: ClientPorts, values: Iterated, failed: (error: unknown) => void): Input {
  const [, , , send] = client[ports];
  const [pour, taken, stop] = newOutflow(values, streamWindowCost, send);
  let isAsked = false;
  return [
    ({ r, n, stop: isUnwanted }) => {
      if (n === undefined) return false;
      taken(n);
      if (isUnwanted) stop();
      else if (!isAsked) {
        isAsked = true;
        pour(r).then((isAll) => isAll && send({ t: "part", r }), failed);
      }
      return true;
    },
    stop,
  ];
}

/**
 * Calls an operation whose input is a stream, and waits for its answer. The first value is asked for when the handler begins;
 * the next ones are as the handler takes them. It is not repeated.
 *
 * @throws {HeddleError} the server's refusal; {LocalError} `unknown-outcome` when the connection ended first, `aborted`, `timeout`,
 *   `backpressure`, `closed`; and whatever the values throw, which cancels the call
 */
export async function callWithValues(
  client: ClientPorts,
  op: string,
  values: Iterated,
  { signal, timeoutMs = Infinity }: InputOptions = {},
): Promise<unknown> {
  const [, connect, ask] = client[ports];
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  let failure: { readonly error: unknown } | undefined;
  const [came, stopInput] = newInput(client, values, (error) => {
    failure = { error };
    abort();
  });
  connect();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const call = { t: "call", op, ms: undefined } as const;
    return (await ask(call, { signal: stop.signal, timeoutMs }, false, came)).d;
  } catch (error) {
    throw failure ? failure.error : error;
  } finally {
    signal?.removeEventListener("abort", abort);
    stopInput();
  }
}
