// A call whose result comes as values one after another, pulled by whoever iterates: what it does not take is not sent.

import type { PartFrame } from "@heddle/protocol";
import type { Input } from "./inputs.ts";
import { streamWindowCost } from "./outflow.ts";
import { ports, type ClientPorts } from "../ports.ts";

export interface StreamOptions {
  /** Ends the stream: the handler is told, and the iteration throws `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Longest life of the stream, time without a connection included. Milliseconds, 1…600_000. Default: no end. */
  readonly timeoutMs?: number | undefined;
  /** How much is sent ahead of the iteration, beside one value. Cost units, 1…1_048_576, default 65_536. */
  readonly windowCost?: number | undefined;
}

/**
 * Calls an operation that streams. Nothing is sent before the iteration begins, and leaving it ends the stream at the server.
 * A stream is not repeated: when the connection ends, so does the iteration, behind what had come by then.
 *
 * Iterating throws {HeddleError} the server's refusal, also after values; {LocalError} `unknown-outcome` when the connection
 * ended first, `aborted`, `timeout`, `backpressure`, `closed`.
 *
 * @param withInput  makes the input, where that is a stream too
 */
export function streamFrom(
  client: ClientPorts,
  op: string,
  input?: unknown,
  { signal, timeoutMs = Infinity, windowCost = streamWindowCost }: StreamOptions = {},
  withInput?: (failed: (error: unknown) => void) => Input,
): AsyncIterableIterator<unknown> {
  const [, connect, ask, send] = client[ports];
  const stop = new AbortController();
  const waiting: [part: PartFrame, cost: number][] = [];
  let takenCost = 0;
  let toldCost = 0;
  let isOver = false;
  /** Nobody wants the rest, nor to hear how it ended. */
  let isLeft = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const over = (error?: Error): void => {
    failure ??= error;
    isOver = true;
    wake?.();
  };
  const abort = (): void => {
    waiting.length = 0;
    stop.abort();
  };
  const inflow = withInput?.((error) => {
    failure = error as Error;
    abort();
  });

  /** The next value was handed over: says so when half of the window is used, unless there is nobody to hear it. */
  const taken = (r: number, cost: number): void => {
    takenCost += cost;
    // What is over may have ended with its connection, and the next one begins with `hello`, not with this.
    if (isOver || takenCost - toldCost < windowCost / 2) return;
    send({ t: "credit", r, b: (toldCost = takenCost) });
  };

  async function* pull(): AsyncGenerator<unknown, void> {
    connect();
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    // Without `ms`, a deadline for the server: it is told by `cancel` when ours is over.
    void ask(
      { t: "call", op, d: input, ms: undefined, w: windowCost },
      { signal: stop.signal, timeoutMs },
      false,
      (...part) => {
        if (inflow?.[0](part[0])) return;
        waiting.push(part);
        wake?.();
      },
    ).then(() => over(), over);
    try {
      for (;;) {
        const next = waiting.shift();
        if (next) {
          const [{ r, d }, cost] = next;
          taken(r as number, cost);
          yield d;
        } else if (!isOver) await new Promise<void>((resolve) => void (wake = resolve));
        else if (failure && !isLeft) throw failure;
        else return;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      stop.abort();
      inflow?.[1]();
    }
  }

  const values = pull();
  return {
    next: () => values.next(),
    return() {
      // Also while a value is waited for: a generator alone would return only behind it.
      isLeft = true;
      abort();
      return values.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
