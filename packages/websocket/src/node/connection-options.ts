// The limits of one connection: what they are, their defaults, their ranges.

import { expectInteger } from "@heddle/base";

export interface ConnectionOptions {
  /** Largest message taken, after reassembly; above it the connection is closed with 1009. Bytes, 1…2^28, default 2^20. */
  readonly maxMessageBytes?: number;
  /** Most frames of one message; above it 1009. 1…2^24, default 1_024. */
  readonly maxFragments?: number;
  /**
   * Most bytes that wait for the socket; a frame that does not fit ends the connection at once (1006), since a peer
   * that does not read would not read a close frame either. What the socket has already taken comes on top and is at most
   * the same. Bytes, 1_024…2^30, default 2^24.
   */
  readonly maxQueuedBytes?: number;
  /**
   * Above this, of several pings only the latest is answered. `onWritable` tells when the queue is back at a quarter of
   * it or less, having been above that. Bytes, 1_024…maxQueuedBytes, default 2^18 or maxQueuedBytes if that is less.
   */
  readonly highWaterBytes?: number;
  /** How long the closing handshake may take before the socket is destroyed. Milliseconds, 1…300_000, default 5_000. */
  readonly closeTimeoutMs?: number;
}

export const connectionDefaults: Required<ConnectionOptions> = {
  maxMessageBytes: 2 ** 20,
  maxFragments: 1_024,
  maxQueuedBytes: 2 ** 24,
  highWaterBytes: 2 ** 18,
  closeTimeoutMs: 5_000,
};

/** Fills in the defaults. @throws {OptionError} naming the field, its value and its range */
export function resolveConnection(given: ConnectionOptions = {}): Required<ConnectionOptions> {
  const { maxMessageBytes, maxFragments, maxQueuedBytes, closeTimeoutMs } = { ...connectionDefaults, ...given };
  expectInteger("maxMessageBytes", maxMessageBytes, 1, 2 ** 28);
  expectInteger("maxFragments", maxFragments, 1, 2 ** 24);
  expectInteger("maxQueuedBytes", maxQueuedBytes, 1_024, 2 ** 30);
  expectInteger("closeTimeoutMs", closeTimeoutMs, 1, 300_000);
  const highWaterBytes = given.highWaterBytes ?? Math.min(connectionDefaults.highWaterBytes, maxQueuedBytes);
  expectInteger("highWaterBytes", highWaterBytes, 1_024, maxQueuedBytes);
  return { maxMessageBytes, maxFragments, maxQueuedBytes, highWaterBytes, closeTimeoutMs };
}
