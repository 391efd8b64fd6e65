// What a client can be told, with every default and limit, resolved once.

import type { Clock, Random } from "@heddle/base";
import type { Lifecycle } from "./connection/lifecycle.ts";
import { LocalError } from "./errors.ts";
import type { KeptPorts } from "./ports.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * Why a token is wanted. `connect`: the first one · `refused`: the server did not accept the last one · `expiring`: the
 * last one has run out or is about to.
 */
export interface TokenRequest {
  readonly reason: "connect" | "refused" | "expiring";
}

/** Gives a token. May fail for as long as it likes: the client waits and asks again. */
export type TokenSource = (request: TokenRequest) => string | Promise<string>;

/** Limits and their defaults. Each may be set from a hundredth of its default to a hundred times that. */
export interface ClientLimits {
  /** Flow-control window asked for; the server keeps it between 65_536 and 1_048_576. Cost units, default 262_144. */
  readonly windowCost: number;
  /** Publishes waiting or unanswered. Default 1_000; beyond, `publish` rejects `backpressure`. */
  readonly outboxCount: number;
  /** JSON text of these together. UTF-16 units, default 4_194_304. */
  readonly outboxBytes: number;
  /** Cost of what waits for slow handlers, all channels together. Default 1_048_576. */
  readonly holdBytes: number;
  /** Calls and other requests waiting or unanswered. Default 1_000. */
  readonly requestCount: number;
  /** Channels remembered at once; idle ones are forgotten for others. Default 1_024. */
  readonly channelCount: number;
  /** One attempt to connect: token, transport and greeting together. Milliseconds, default 10_000. */
  readonly connectMs: number;
  /** Longest first wait before connecting again; doubles with every failure. Milliseconds, default 300. */
  readonly backoffMinMs: number;
  /** Longest wait of all. Milliseconds, default 20_000. */
  readonly backoffMaxMs: number;
  /** Attempts to connect within a minute. Default 12. */
  readonly attemptsPerMinuteCount: number;
}

export const clientLimits: ClientLimits = {
  windowCost: 262_144,
  outboxCount: 1_000,
  outboxBytes: 4_194_304,
  holdBytes: 1_048_576,
  requestCount: 1_000,
  channelCount: 1_024,
  connectMs: 10_000,
  backoffMinMs: 300,
  backoffMaxMs: 20_000,
  attemptsPerMinuteCount: 12,
};

export interface CoreOptions extends Partial<ClientLimits> {
  readonly transport: Transport;
  readonly clock: Clock;
  /** 32 bits a draw, which nobody can guess: the producer id is made of it. */
  readonly random: Pick<Random, "float">;
  /** Without it the session is anonymous, if the server takes such. */
  readonly token?: TokenSource | undefined;
  readonly lifecycle?: Lifecycle | undefined;
  /** Keeps publishes, and positions where asked, beyond this run: what `openOutbox` of `@heddle/client/outbox` gave. */
  readonly outbox?: KeptPorts | undefined;
  /** Gets what handlers and listeners throw; the stream goes on. Default: thrown where nobody catches, as a timer would. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What a client was told, with every limit present. */
export type Settings = CoreOptions & ClientLimits & { readonly onError: (error: unknown) => void };

/**
 * Puts defaults where nothing was given.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export function resolveLimits<Given, Limits extends { readonly [Name in keyof Limits]: number }>(
  given: Given & Partial<Limits>,
  limits: Limits,
): Given & Limits {
  const settled = { ...limits, ...given };
  for (const [name, usual] of Object.entries(limits) as [keyof Limits & string, number][]) {
    const value = settled[name];
    if (!(value >= usual / 100 && value <= usual * 100)) {
      throw new LocalError("option-invalid", `${name}: ${value}, not ${usual / 100} to ${usual * 100}`);
    }
  }
  return settled;
}
