// Entry `@heddle/client/http`: where no WebSocket gets through. The same client, guarantees and limits over HTTP.

import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import { LocalError } from "./errors.ts";
import { headStartMs, upAfterMs } from "./transport/any-transport.ts";
import { overHttp } from "./transport/http/over-http.ts";
import { newLadder, type Ladder, type LadderOptions, type TransportMemory } from "./transport/ladder.ts";
import type { Transport } from "./transport/transport.ts";

export type { Ladder, TransportMemory };

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

function http(how: "stream" | "poll", url: string, { fetch, clock = systemClock() }: HttpOptions = {}): Transport {
  return overHttp(how, url, clock, fetch);
}

/** Forgotten with the page, and one for all networks. */
function forgetful(): TransportMemory {
  let kept: string | undefined;
  return { get: () => kept, set: (text) => void (kept = text) };
}

/**
 * The first of `transports` that works here, e.g. `[nodeWebSocket(url, …), httpStream(url), httpPoll(url)]`: each gets a
 * head start over the next, what worked is remembered, and the first is looked for again later. Positions are kept
 * throughout, so nothing is lost or repeated by a change. To move up again it takes a client that is told to move, as the
 * default ones can be; around it, for the smallest, put `makeBeforeBreak`.
 *
 * @param options  `headStartMs`, default 1_000; `upAfterMs`, default 300_000; `memory`, default the run's
 * @throws {LocalError} `option-invalid` when there is none
 */
export const firstThatWorks = (transports: readonly Transport[], options: Partial<LadderOptions> = {}): Ladder => {
  if (transports.length === 0) throw new LocalError("option-invalid", "transports: none, at least one wanted");
  return newLadder(transports, { clock: systemClock(), memory: forgetful(), headStartMs, upAfterMs, ...options });
};
