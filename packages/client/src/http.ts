// Entry `@heddle/client/http`: where no WebSocket gets through. The same client, guarantees and limits over HTTP.

import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import { openHttp } from "./transport/http/http-link.ts";
import { newLadder, type Ladder, type LadderOptions } from "./transport/ladder.ts";
import type { Transport } from "./transport/transport.ts";

export type { Ladder };

export interface HttpOptions {
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Follows by one long answer. Some proxies hold such answers back until they end; nothing comes through those.
 *
 * @param url  of the server's endpoint: absolute, or relative to the page
 */
export const httpStream = (url: string, options?: HttpOptions): Transport => http("stream", url, options);

/**
 * Follows by one request after another, each answered when there is something. Comes through wherever HTTP does, at the
 * cost of a request per answer.
 *
 * @param url  of the server's endpoint: absolute, or relative to the page
 */
export const httpPoll = (url: string, options?: HttpOptions): Transport => http("poll", url, options);

function http(how: "stream" | "poll", url: string, options: HttpOptions = {}): Transport {
  const { fetch = globalThis.fetch.bind(globalThis), clock = systemClock() } = options;
  return {
    name: how,
    open: (handlers) =>
      openHttp({ how, url: new URL(url, globalThis.location?.href).href.replace(/\/$/, ""), clock, fetch }, handlers),
  };
}

/**
 * The first of `transports` that works here, e.g. `[browserWebSocket(url), httpStream(url), httpPoll(url)]`: each gets a
 * head start over the next, what worked is remembered, and the first is looked for again later. Positions are kept
 * throughout, so nothing is lost or repeated by a change.
 *
 * @param options  `headStartMs`, default 1_000; `upAfterMs`, default 300_000
 * @throws {LocalError} `option-invalid` when there is none
 */
export const firstThatWorks = (transports: readonly Transport[], options: Partial<LadderOptions> = {}): Ladder =>
  newLadder(transports, { clock: systemClock(), headStartMs: 1_000, upAfterMs: 300_000, ...options });
