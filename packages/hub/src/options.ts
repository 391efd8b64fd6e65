// Options of a hub: what it runs on, and every limit it keeps, with defaults.

import { expectInteger, expectRange, OptionError, type Clock, type Random } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { Application, Authenticator, BulkSender, Digest, Engine } from "./ports/index.ts";

export interface HubLimits {
  /** Flow-control window offered unless the client asks for another. Cost units, 65_536…1_048_576, default 262_144. */
  readonly windowCost: number;
  /** A connection's outgoing queue. Bytes, 16_384…16_777_216, default 262_144. */
  readonly queueBytes: number;
  /** Control frames may exceed the queue by this much before the connection is closed as slow. Bytes, default 131_072. */
  readonly controlHeadroomBytes: number;
  /** A shut window or socket for this long ends the connection. Milliseconds, 1_000…600_000, default 60_000. */
  readonly slowMs: number;
  /** Subscriptions of one connection. 1…10_000, default 512. */
  readonly subscriptionCount: number;
  /** Channels held by this node. 1…10_000_000, default 100_000. */
  readonly channelsMax: number;
  /** Entries and bytes a channel's ring holds. Defaults 1_000 and 1_048_576. */
  readonly ringCount: number;
  readonly ringBytes: number;
  /** Bytes all rings of this node hold together. Default 268_435_456. */
  readonly ringsBytes: number;
  /** Cost of one slice of a catching-up cursor. Default 65_536. */
  readonly sliceBytes: number;
  /** Store reads under way at once. 1…10_000, default 64. */
  readonly readsMax: number;
  /** How long an unused channel is kept warm. Milliseconds, default 30_000. */
  readonly lingerMs: number;
  /** Silence after which a log's head is compared with the store's. Milliseconds, default 60_000. */
  readonly auditMs: number;
  readonly auditConfirmMs: number;
  /** Members listed whole. Default 1_000. */
  readonly presenceListCount: number;
  /** Presence changes are gathered for this long. Milliseconds, 10…1_000, default 50. */
  readonly presenceGatherMs: number;
  /** Time a channel may take to attach before a subscription is answered `broker_unavailable`. Milliseconds, default 5_000. */
  readonly attachMs: number;
  /** Silence after which the server pings, ±10 %. Milliseconds, 1_000…300_000, default 25_000. */
  readonly pingMs: number;
  /** Idempotent answers remembered at once. Default 10_000. */
  readonly answersMax: number;
  /** Asks waiting for replies at once. Default 10_000. */
  readonly asksMax: number;
}

export const hubLimits: HubLimits = {
  windowCost: wireLimits.windowCost,
  queueBytes: wireLimits.queueBytes,
  controlHeadroomBytes: 131_072,
  slowMs: wireLimits.slowMs,
  subscriptionCount: wireLimits.subscriptionCount,
  channelsMax: 100_000,
  ringCount: 1_000,
  ringBytes: 1_048_576,
  ringsBytes: 268_435_456,
  sliceBytes: wireLimits.sliceBytes,
  readsMax: 64,
  lingerMs: 30_000,
  auditMs: 60_000,
  auditConfirmMs: 1_000,
  presenceListCount: wireLimits.presenceListCount,
  presenceGatherMs: 50,
  attachMs: 5_000,
  pingMs: wireLimits.pingMs,
  answersMax: 10_000,
  asksMax: 10_000,
};

export interface HubOptions {
  readonly engine: Engine;
  readonly application: Application;
  readonly authenticator: Authenticator;
  readonly bulkSender: BulkSender;
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
  /** At least 32 bytes, equal on all nodes of a shared engine. Signs producer ids and tickets. */
  readonly clusterSecret: Uint8Array;
  readonly limits?: Partial<HubLimits>;
}

/** @throws {OptionError} naming field, value and range */
export function resolveLimits(given: Partial<HubLimits> = {}): HubLimits {
  const limits = { ...hubLimits, ...given };
  expectInteger("limits.windowCost", limits.windowCost, wireLimits.windowCostMin, wireLimits.windowCostMax);
  expectInteger("limits.queueBytes", limits.queueBytes, 16_384, 16_777_216);
  expectRange("limits.slowMs", limits.slowMs, 1_000, 600_000);
  expectInteger("limits.subscriptionCount", limits.subscriptionCount, 1, 10_000);
  expectInteger("limits.channelsMax", limits.channelsMax, 1, 10_000_000);
  expectInteger("limits.readsMax", limits.readsMax, 1, 10_000);
  expectRange("limits.presenceGatherMs", limits.presenceGatherMs, 10, 1_000);
  expectRange("limits.pingMs", limits.pingMs, 1_000, 300_000);
  const positive = [
    "controlHeadroomBytes",
    "ringCount",
    "ringBytes",
    "ringsBytes",
    "sliceBytes",
    "presenceListCount",
  ] as const;
  for (const field of positive) expectInteger(`limits.${field}`, limits[field], 1, Number.MAX_SAFE_INTEGER);
  for (const field of ["lingerMs", "auditMs", "auditConfirmMs", "attachMs"] as const) {
    expectRange(`limits.${field}`, limits[field], 1, 86_400_000);
  }
  for (const field of ["answersMax", "asksMax"] as const) expectInteger(`limits.${field}`, limits[field], 1, 1_000_000);
  return limits;
}

export function expectSecret(secret: Uint8Array): void {
  if (secret.length < 32) throw new OptionError("clusterSecret", `${secret.length} bytes`, "at least 32 bytes");
}
