// What bounds a peer before its handshake is complete: limits of Node's HTTP server, under the names used here.

import type { ServerOptions } from "node:http";
import { expectInteger } from "@heddle/base";

export interface HttpLimits {
  /**
   * From the socket's first moment to the last header of its request; then 408, and the socket is closed. Looked at every
   * quarter of it. Milliseconds, 100…300_000, default 10_000.
   */
  readonly handshakeTimeoutMs?: number;
  /** Most bytes of a request's head; above it 431. 256…2^20, default 16_384. */
  readonly maxHeaderBytes?: number;
}

/** `dial` has the same. */
export const httpDefaults: Required<HttpLimits> = { handshakeTimeoutMs: 10_000, maxHeaderBytes: 16_384 };

/**
 * The limits as options of `http.createServer` and `https.createServer`. A server made without them has Node's: a minute,
 * looked at every half minute.
 *
 * @throws {OptionError} naming the field, its value and its range
 */
export function httpServerOptions(given: HttpLimits = {}): ServerOptions {
  const { handshakeTimeoutMs, maxHeaderBytes } = { ...httpDefaults, ...given };
  expectInteger("handshakeTimeoutMs", handshakeTimeoutMs, 100, 300_000);
  expectInteger("maxHeaderBytes", maxHeaderBytes, 256, 2 ** 20);
  return {
    headersTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 4),
    maxHeaderSize: maxHeaderBytes,
  };
}
