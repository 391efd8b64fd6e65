// Options of a hub: what it runs on, and every limit it keeps, with defaults.

import { expectInteger, expectRange, OptionError, type Clock, type Random } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { NodesLimits } from "./nodes/nodes.ts";
import type { RevocationsLimits } from "./nodes/revocations.ts";
import type { MemoryReading } from "./pressure/memory-guard.ts";
import type { RateLimits } from "./pressure/rates.ts";
import type { Application, Authenticator, BulkSender, Digest, Engine } from "./ports/index.ts";

export interface HubLimits extends RateLimits, NodesLimits, RevocationsLimits {
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
  /** Connections of one user on this node; beyond, closed with 4029. 1…10_000_000, default 1_000. */
  readonly userConnections: number;
  /** Channels held by this node. 1…10_000_000, default 100_000. */
  readonly channelsMax: number;
  /** Entries and bytes a channel's ring holds. Defaults 1_000 and 1_048_576. */
  readonly ringCount: number;
  readonly ringBytes: number;
  /** Bytes all rings of this node hold together. Default 268_435_456. */
  readonly ringsBytes: number;
  /** Keys a channel holds the newest entry of, for `key` subscribers. 1…100_000, default 1_000. */
  readonly keyCount: number;
  /** Cost of one slice of a catching-up cursor. Default 65_536. */
  readonly sliceBytes: number;
  /** Store reads under way at once. 1…10_000, default 64. */
  readonly readsMax: number;
  /** Store reads begun in a second. 1…1_000_000, default 5_000. */
  readonly readsPerSecond: number;
  /** Data read from the store in a second. Bytes, 65_536…10_000_000_000, default 20_000_000. */
  readonly readBytesPerSecond: number;
  /** While more store reads than these wait, nobody new is greeted. 1…1_000_000, default 10_000. */
  readonly readsWaitingMax: number;
  /**
   * Greetings in a second on average, and at once; beyond, `overloaded` with a moment to come back. 1…1_000_000, defaults
   * 10_000 and 20_000.
   */
  readonly hellosPerSecond: number;
  readonly hellosBurst: number;
  /** How long an unused channel is kept warm. Milliseconds, default 30_000. */
  readonly lingerMs: number;
  /** Within this time a silent log has been compared with the store's head. Milliseconds, default 60_000. */
  readonly auditMs: number;
  readonly auditConfirmMs: number;
  /** Members listed whole to clients, and their text; above, their number and some of them. Defaults 1_000 and 131_072 bytes. */
  readonly presenceListCount: number;
  readonly presenceListBytes: number;
  /** Members told where they are not listed. 0…1_000, default 20. */
  readonly presenceSampleCount: number;
  /** Members of one channel on all nodes; beyond, `overloaded`. 1…1_000_000, default 100_000. */
  readonly presenceMembersMax: number;
  /** Channels one connection is a member of; beyond, `too_many_subscriptions`. 1…10_000, default 512. */
  readonly membershipCount: number;
  /** Enters, updates and leaves of one connection, on average and at once; more are answered 429. Defaults 20 and 1_024. */
  readonly presencePerSecond: number;
  readonly presenceBurst: number;
  /** Presence changes are gathered for this long. Milliseconds, 10…1_000, default 50. */
  readonly presenceGatherMs: number;
  /** The same where members are not listed. Milliseconds, 10…60_000, default 1_000. */
  readonly presenceCountMs: number;
  /** How often a node tells the others which version its members have, ±10 %. Milliseconds, 1_000…600_000, default 27_000. */
  readonly presenceDigestMs: number;
  /** For how long nobody is declared gone when this node's link is back: at least the engine's lease. Milliseconds, 100…600_000, default 10_000. */
  readonly presenceLeaseMs: number;
  /** A node new to a channel's members waits this long for another answer, and for all. Milliseconds, 1…60_000, defaults 250 and 500. */
  readonly presenceQuietMs: number;
  readonly presenceReadyMs: number;
  /** Time a channel may take to attach before a subscription is answered `broker_unavailable`. Milliseconds, default 5_000. */
  readonly attachMs: number;
  /**
   * Time an authorisation or a hook of a publish may take before what waits for it is answered `failed`.
   * Milliseconds, default 10_000.
   */
  readonly hookMs: number;
  /** Time a snapshot may take to load before joiners are answered `snapshot_failed`. Milliseconds, default 30_000. */
  readonly snapshotMs: number;
  /** Silence after which the server pings, ±10 %. Milliseconds, 1_000…300_000, default 25_000. */
  readonly pingMs: number;
  /** Calls of all connections answered at once, streams apart; beyond, `overloaded`. 1…1_000_000, default 1_000. */
  readonly callsMax: number;
  /** Streams of all connections open at once; beyond, `overloaded`. 1…1_000_000, default 10_000. */
  readonly streamsMax: number;
  /** Text of frames that come in pieces and are not complete, of all connections; beyond, `overloaded`. UTF-16 units, 262_144…10_000_000_000, default 33_554_432. */
  readonly piecesLengthMax: number;
  /** 95 of 100 appends should be answered within this; else fewer are let through, and the rest answered 103. Milliseconds, 1…60_000, default 50. */
  readonly appendTargetMs: number;
  /** Clients' appends under way at once, fewest and most. 1…1_000_000, defaults 32 and 4_096. */
  readonly appendsMin: number;
  readonly appendsMax: number;
  /** Share of memory in use from which rings are cut to a quarter. 0…10 (10 is never), default 0.7. */
  readonly memoryTightShare: number;
  /** … from which nobody new is taken. Default 0.85. */
  readonly memoryFullShare: number;
  /** … from which volatile events are dropped and lagging connections closed with 4004. Default 0.95. */
  readonly memoryCriticalShare: number;
  /** How often memory is looked at. Milliseconds, 10…60_000, default 1_000. */
  readonly memoryLookMs: number;
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
  userConnections: 1_000,
  channelsMax: 100_000,
  ringCount: 1_000,
  ringBytes: 1_048_576,
  ringsBytes: 268_435_456,
  keyCount: 1_000,
  sliceBytes: wireLimits.sliceBytes,
  readsMax: 64,
  readsPerSecond: 5_000,
  readBytesPerSecond: 20_000_000,
  readsWaitingMax: 10_000,
  hellosPerSecond: 10_000,
  hellosBurst: 20_000,
  lingerMs: 30_000,
  auditMs: 60_000,
  auditConfirmMs: 1_000,
  presenceListCount: wireLimits.presenceListCount,
  presenceListBytes: 131_072,
  presenceSampleCount: 20,
  presenceMembersMax: 100_000,
  membershipCount: 512,
  presencePerSecond: 20,
  presenceBurst: 1_024,
  presenceGatherMs: 50,
  presenceCountMs: 1_000,
  presenceDigestMs: 27_000,
  presenceLeaseMs: 10_000,
  presenceQuietMs: 250,
  presenceReadyMs: 500,
  attachMs: 5_000,
  hookMs: 10_000,
  snapshotMs: 30_000,
  pingMs: wireLimits.pingMs,
  callsMax: 1_000,
  streamsMax: 10_000,
  framesPerSecond: 500,
  framesBurst: 1_000,
  bytesPerSecond: 1_048_576,
  bytesBurst: 4_194_304,
  userFramesPerSecond: 2_000,
  userFramesBurst: 4_000,
  userBytesPerSecond: 4_194_304,
  userBytesBurst: 16_777_216,
  subscriptionsPerSecond: 100,
  subscriptionsBurst: 2_048,
  wrongFrameCost: 5,
  channelPublishesPerSecond: 10_000,
  channelPublishesBurst: 20_000,
  floodFactor: 10,
  piecesLengthMax: 33_554_432,
  appendTargetMs: 50,
  appendsMin: 32,
  appendsMax: 4_096,
  memoryTightShare: 0.7,
  memoryFullShare: 0.85,
  memoryCriticalShare: 0.95,
  memoryLookMs: 1_000,
  answersMax: 10_000,
  asksMax: 10_000,
  nodeAnswerMs: 1_000,
  nodeMessageBytes: 1_048_576,
  revocationKeepMs: 604_800_000,
  revocationsMax: 100_000,
  revocationLookMs: 400,
  revocationStaleMs: 1_000,
  revocationWaitMs: 3_000,
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
  /** How full memory is; default: never. */
  readonly memory?: MemoryReading;
  readonly limits?: Partial<HubLimits>;
}

/** @throws {OptionError} naming field, value and range */
export function resolveLimits(given: Partial<HubLimits> = {}): HubLimits {
  const limits = { ...hubLimits, ...given };
  expectInteger("limits.windowCost", limits.windowCost, wireLimits.windowCostMin, wireLimits.windowCostMax);
  expectInteger("limits.queueBytes", limits.queueBytes, 16_384, 16_777_216);
  expectRange("limits.slowMs", limits.slowMs, 1_000, 600_000);
  expectInteger("limits.subscriptionCount", limits.subscriptionCount, 1, 10_000);
  expectInteger("limits.userConnections", limits.userConnections, 1, 10_000_000);
  expectInteger("limits.channelsMax", limits.channelsMax, 1, 10_000_000);
  expectInteger("limits.keyCount", limits.keyCount, 1, 100_000);
  expectInteger("limits.readsMax", limits.readsMax, 1, 10_000);
  expectInteger("limits.readsPerSecond", limits.readsPerSecond, 1, 1_000_000);
  expectInteger("limits.readBytesPerSecond", limits.readBytesPerSecond, 65_536, 10_000_000_000);
  expectPresence(limits);
  expectRange("limits.pingMs", limits.pingMs, 1_000, 300_000);
  expectInteger("limits.piecesLengthMax", limits.piecesLengthMax, wireLimits.bigFrameLength, 10_000_000_000);
  expectInteger("limits.wrongFrameCost", limits.wrongFrameCost, 1, 1_000);
  expectRange("limits.floodFactor", limits.floodFactor, 2, 1_000);
  expectRange("limits.appendTargetMs", limits.appendTargetMs, 1, 60_000);
  expectInteger("limits.appendsMax", limits.appendsMax, 1, 1_000_000);
  expectInteger("limits.appendsMin", limits.appendsMin, 1, limits.appendsMax);
  expectRange("limits.memoryCriticalShare", limits.memoryCriticalShare, 0, 10);
  expectRange("limits.memoryFullShare", limits.memoryFullShare, 0, limits.memoryCriticalShare);
  expectRange("limits.memoryTightShare", limits.memoryTightShare, 0, limits.memoryFullShare);
  expectRange("limits.memoryLookMs", limits.memoryLookMs, 10, 60_000);
  expectRange("limits.nodeAnswerMs", limits.nodeAnswerMs, 10, 60_000);
  expectInteger("limits.nodeMessageBytes", limits.nodeMessageBytes, 65_536, 16_777_216);
  expectRange("limits.revocationKeepMs", limits.revocationKeepMs, 60_000, 31_536_000_000);
  expectInteger("limits.revocationsMax", limits.revocationsMax, 1, 100_000);
  expectRange("limits.revocationLookMs", limits.revocationLookMs, 50, 60_000);
  expectRange("limits.revocationStaleMs", limits.revocationStaleMs, limits.revocationLookMs, 86_400_000);
  expectRange("limits.revocationWaitMs", limits.revocationWaitMs, 0, 60_000);
  const rates = [
    ...(["framesPerSecond", "framesBurst", "bytesPerSecond", "bytesBurst", "userFramesPerSecond"] as const),
    ...(["userFramesBurst", "userBytesPerSecond", "userBytesBurst"] as const),
    ...(["subscriptionsPerSecond", "subscriptionsBurst"] as const),
    ...(["channelPublishesPerSecond", "channelPublishesBurst"] as const),
  ];
  for (const field of rates) expectInteger(`limits.${field}`, limits[field], 1, 1_000_000_000);
  const positive = ["controlHeadroomBytes", "ringCount", "ringBytes", "ringsBytes", "sliceBytes"] as const;
  for (const field of positive) expectInteger(`limits.${field}`, limits[field], 1, Number.MAX_SAFE_INTEGER);
  for (const field of ["lingerMs", "auditMs", "auditConfirmMs", "attachMs", "hookMs", "snapshotMs"] as const) {
    expectRange(`limits.${field}`, limits[field], 1, 86_400_000);
  }
  const counts = ["callsMax", "streamsMax", "answersMax", "asksMax"] as const;
  for (const field of [...counts, "readsWaitingMax", "hellosPerSecond", "hellosBurst"] as const)
    expectInteger(`limits.${field}`, limits[field], 1, 1_000_000);
  return limits;
}

function expectPresence(limits: HubLimits): void {
  expectInteger("limits.presenceListCount", limits.presenceListCount, 1, Number.MAX_SAFE_INTEGER);
  expectInteger("limits.presenceListBytes", limits.presenceListBytes, 1, Number.MAX_SAFE_INTEGER);
  expectInteger("limits.presenceSampleCount", limits.presenceSampleCount, 0, 1_000);
  expectInteger("limits.presenceMembersMax", limits.presenceMembersMax, 1, 1_000_000);
  expectInteger("limits.membershipCount", limits.membershipCount, 1, 10_000);
  expectInteger("limits.presencePerSecond", limits.presencePerSecond, 1, 1_000_000_000);
  expectInteger("limits.presenceBurst", limits.presenceBurst, 1, 1_000_000_000);
  expectRange("limits.presenceGatherMs", limits.presenceGatherMs, 10, 1_000);
  expectRange("limits.presenceCountMs", limits.presenceCountMs, 10, 60_000);
  expectRange("limits.presenceDigestMs", limits.presenceDigestMs, 1_000, 600_000);
  expectRange("limits.presenceLeaseMs", limits.presenceLeaseMs, 100, 600_000);
  expectRange("limits.presenceReadyMs", limits.presenceReadyMs, 1, 60_000);
  expectRange("limits.presenceQuietMs", limits.presenceQuietMs, 1, limits.presenceReadyMs);
}

export function expectSecret(secret: Uint8Array): void {
  if (secret.length < 32) throw new OptionError("clusterSecret", `${secret.length} bytes`, "at least 32 bytes");
}
