// Options of a server, with every default, resolved once.

import { expectInteger, OptionError, type Clock, type Random } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { hubLimits, type HubLimits } from "@heddle/hub";
import { memoryEngine } from "@heddle/hub/memory";
import type { Engine } from "@heddle/hub/ports";
import type { Codec } from "@heddle/protocol";
import type { Contract } from "@heddle/protocol/contract";
import type { AddressLimits } from "./addresses/address-gate.ts";
import { clientAddressBehind, type ClientAddress, type ProxyOptions } from "./addresses/client-address.ts";
import { resolveAuth, type Auth, type AuthScheme } from "./auth/auth.ts";
import { stderrLogger, type Logger } from "./logger.ts";
import { originCheck, type Origins } from "./transport-websocket/origin.ts";

export interface ServerLimits extends HubLimits, AddressLimits {
  /** Open connections of this process; beyond that 503. 1…10_000_000, default 100_000. */
  readonly maxConnections: number;
  /** Body of a POST to the HTTP transport; beyond that 413. Bytes, 131_072…16_777_216, default 1_048_576. */
  readonly httpBodyBytes: number;
  /** How long such a body may take to arrive; then 408. Milliseconds, 100…300_000, default 10_000. */
  readonly httpBodyMs: number;
  /**
   * From a socket's first moment to the last header of its request, on the server that `listen` makes; then 408. Milliseconds,
   * 100…300_000, default 10_000.
   */
  readonly handshakeMs: number;
  /**
   * Sockets of the server that `listen` makes, with those that have not asked for anything yet; more are closed at once.
   * 1…10_000_000, default 110_000.
   */
  readonly socketsMax: number;
}

export const serverLimits: ServerLimits = {
  ...hubLimits,
  maxConnections: 100_000,
  httpBodyBytes: 1_048_576,
  httpBodyMs: 10_000,
  handshakeMs: 10_000,
  socketsMax: 110_000,
  addressConnections: 2_000,
  addressAttemptsPerSecond: 200,
  addressAttemptsBurst: 2_000,
  addressesMax: 200_000,
};

export interface ServerOptions<C extends Contract> {
  readonly contract: C;
  /** Who may connect: `jwt(…)`, a function, or `dangerouslyAllowAnonymous()`. There is no default. */
  readonly auth: Auth;
  /** Where channels are kept. Default: this process's memory. */
  readonly engine?: Engine;
  /** Path of the WebSocket transport. Default `/realtime`. */
  readonly path?: string;
  /**
   * Cookie that holds the token of an `EventSource` (which can send no header), for pages of the same origin. Default:
   * none.
   */
  readonly cookie?: string;
  /** Pages that may connect. Default `same`: those of the host they connect to. */
  readonly origins?: Origins;
  /**
   * The proxies in front of this server: whose word about a client's address counts. Default: nobody's. Limits by address
   * then leave out addresses of private networks, which are most likely a proxy's.
   */
  readonly proxies?: ProxyOptions;
  /** How frames may be written besides JSON, if the client asks for it: `[messagePackCodec]`. Default: none. */
  readonly codecs?: readonly Codec[];
  /**
   * Signs client identities and resume tickets; at least 32 bytes (as UTF-8 when text), equal on all nodes and over
   * restarts. Default, with the memory engine alone: drawn at every start.
   */
  readonly secret?: string | Uint8Array;
  readonly limits?: Partial<ServerLimits>;
  /** Default: warnings and errors on standard error. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Options with nothing left open. */
export interface Settings<C extends Contract> {
  readonly contract: C;
  readonly auth: AuthScheme;
  readonly engine: Engine;
  readonly path: string;
  readonly cookie: string | undefined;
  readonly origins: Origins;
  readonly clientAddress: ClientAddress;
  readonly knowsProxies: boolean;
  readonly codecs: readonly Codec[];
  readonly secret: Uint8Array;
  readonly limits: ServerLimits;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

const secretBytes = 32;

/** @throws {OptionError} naming field, value and what is wanted */
export function resolveServer<C extends Contract>(given: ServerOptions<C>): Settings<C> {
  const { contract, origins = "same", codecs = [], path = "/realtime", logger = stderrLogger() } = given;
  const { clock = systemClock(), random = systemRandom(), engine = memoryEngine() } = given;
  if (typeof contract?.resolve !== "function")
    throw new OptionError("contract", contract, "the result of defineContract");
  if (!/^\/[^?#\s]*$/.test(path)) throw new OptionError("path", path, "a path that begins with / and has no query");
  const { cookie } = given;
  if (cookie !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(cookie))
    throw new OptionError("cookie", cookie, "a cookie's name (RFC 6265), at most 128 characters");
  originCheck(origins); // throws for what is no origin
  const limits = { ...serverLimits, ...given.limits };
  expectInteger("limits.maxConnections", limits.maxConnections, 1, 10_000_000);
  expectInteger("limits.httpBodyBytes", limits.httpBodyBytes, 131_072, 16_777_216);
  expectInteger("limits.httpBodyMs", limits.httpBodyMs, 100, 300_000);
  expectInteger("limits.handshakeMs", limits.handshakeMs, 100, 300_000);
  expectInteger("limits.socketsMax", limits.socketsMax, 1, 10_000_000);
  expectInteger("limits.addressConnections", limits.addressConnections, 1, 10_000_000);
  expectInteger("limits.addressAttemptsPerSecond", limits.addressAttemptsPerSecond, 1, 1_000_000);
  expectInteger("limits.addressAttemptsBurst", limits.addressAttemptsBurst, 1, 1_000_000);
  expectInteger("limits.addressesMax", limits.addressesMax, 1_000, 10_000_000);
  const secret = resolveSecret(given.secret, engine, random);
  return {
    contract,
    auth: resolveAuth(given.auth),
    engine,
    path,
    cookie,
    origins,
    clientAddress: clientAddressBehind(given.proxies),
    knowsProxies: given.proxies !== undefined,
    codecs,
    secret,
    limits,
    logger,
    clock,
    random,
  };
}

function resolveSecret(given: string | Uint8Array | undefined, engine: Engine, random: Random): Uint8Array {
  if (given === undefined) {
    if (engine.name === "memory") return random.bytes(secretBytes);
    throw new OptionError(
      "secret",
      given,
      `${secretBytes} bytes or more, equal on all nodes of the ${engine.name} engine`,
    );
  }
  const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given;
  // The value itself stays out of the message.
  if (bytes.length < secretBytes)
    throw new OptionError("secret", `${bytes.length} bytes`, `at least ${secretBytes} bytes`);
  return bytes;
}
