// The limits of one connection: what they are, their defaults, their ranges.

import { expectInteger } from "@heddle/base";

export interface PingOptions {
  /**
   * A peer that sent nothing for three quarters of this to all of it is pinged; the spread keeps connections that came
   * together from being pinged together. Milliseconds, 1_000…3_600_000, default 30_000.
   */
  readonly intervalMs?: number;
  /** A peer that sends nothing for this long after a ping is gone: 1006. Milliseconds, 100…3_600_000, default 10_000. */
  readonly graceMs?: number;
}

/**
 * Deadlines are kept on a wheel: never early, and late by at most 100 ms beside what is said. Those of `messageTimeoutMs`,
 * `slowReceiverMs` and `idleMs` are looked at four times within the shortest that is on.
 */
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
  /** How a dead peer is found. `false`: not at all, unless the owner does. Default: see `PingOptions`. */
  readonly ping?: PingOptions | false;
  /**
   * How long a message, or a frame's header, may take from its first byte to its last; then 1008. A message that is sent
   * as it is made, in frames, counts from the first of them. Milliseconds, 100…86_400_000, 0 for no limit, default 60_000.
   */
  readonly messageTimeoutMs?: number;
  /**
   * Most frames a second on average, and at most twice as many at once; above it 1008. 1…10_000_000, 0 for no limit,
   * default 100_000.
   */
  readonly maxFramesPerSecond?: number;
  /** As `maxFramesPerSecond`, for pings, pongs and close frames. 1…10_000_000, 0 for no limit, default 1_000. */
  readonly maxControlFramesPerSecond?: number;
  /**
   * A peer that takes nothing for this long while bytes wait is cut off: 1006. What the kernel buffers counts as taken.
   * Milliseconds, 100…86_400_000, 0 for no limit, default 60_000.
   */
  readonly slowReceiverMs?: number;
  /**
   * A connection on which no message came or went for this long is closed with 1001; pings and pongs are no messages.
   * Milliseconds, 100…86_400_000, 0 for no limit, default 0.
   */
  readonly idleMs?: number;
}

/** All of them. `ping.intervalMs` is 0 when there is no ping. */
export interface ConnectionLimits extends Required<ConnectionOptions> {
  readonly ping: Required<PingOptions>;
}

export const connectionDefaults: ConnectionLimits = {
  maxMessageBytes: 2 ** 20,
  maxFragments: 1_024,
  maxQueuedBytes: 2 ** 24,
  highWaterBytes: 2 ** 18,
  closeTimeoutMs: 5_000,
  ping: { intervalMs: 30_000, graceMs: 10_000 },
  messageTimeoutMs: 60_000,
  maxFramesPerSecond: 100_000,
  maxControlFramesPerSecond: 1_000,
  slowReceiverMs: 60_000,
  idleMs: 0,
};

/** Fills in the defaults. @throws {OptionError} naming the field, its value and its range */
export function resolveConnection(given: ConnectionOptions = {}): ConnectionLimits {
  const all = { ...connectionDefaults, ...given };
  const { maxMessageBytes, maxFragments, maxQueuedBytes, closeTimeoutMs } = all;
  const { messageTimeoutMs, slowReceiverMs, idleMs, maxFramesPerSecond, maxControlFramesPerSecond } = all;
  expectInteger("maxMessageBytes", maxMessageBytes, 1, 2 ** 28);
  expectInteger("maxFragments", maxFragments, 1, 2 ** 24);
  expectInteger("maxQueuedBytes", maxQueuedBytes, 1_024, 2 ** 30);
  expectInteger("closeTimeoutMs", closeTimeoutMs, 1, 300_000);
  const highWaterBytes = given.highWaterBytes ?? Math.min(connectionDefaults.highWaterBytes, maxQueuedBytes);
  expectInteger("highWaterBytes", highWaterBytes, 1_024, maxQueuedBytes);
  for (const [field, value] of Object.entries({ messageTimeoutMs, slowReceiverMs, idleMs })) {
    if (value !== 0) expectInteger(field, value, 100, 86_400_000);
  }
  for (const [field, value] of Object.entries({ maxFramesPerSecond, maxControlFramesPerSecond })) {
    if (value !== 0) expectInteger(field, value, 1, 10_000_000);
  }
  return {
    ...{ maxMessageBytes, maxFragments, maxQueuedBytes, highWaterBytes, closeTimeoutMs, ping: resolvePing(all.ping) },
    ...{ messageTimeoutMs, slowReceiverMs, idleMs, maxFramesPerSecond, maxControlFramesPerSecond },
  };
}

function resolvePing(given: PingOptions | false): Required<PingOptions> {
  if (given === false) return { ...connectionDefaults.ping, intervalMs: 0 };
  const settled = { ...connectionDefaults.ping, ...given };
  expectInteger("ping.intervalMs", settled.intervalMs, 1_000, 3_600_000);
  expectInteger("ping.graceMs", settled.graceMs, 100, 3_600_000);
  return settled;
}
