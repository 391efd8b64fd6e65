// Every bound of the disk engine, and how a write reaches the disk, with defaults.

import { expectInteger, expectOneOf, expectRange } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";

/** When a write is forced onto the disk: before it is answered, every `syncMs`, or whenever the system likes. */
export type SyncMode = "always" | "interval" | "never";

export interface DiskLimits {
  /** With `interval`: longest time an answered append may be in memory alone. Milliseconds, 1…60_000, default 100. */
  readonly syncMs: number;
  /** Appends under way; more are refused as `overloaded`. 1…1_000_000, default 10_000. */
  readonly pendingAppends: number;
  /** Bytes of appends under way. 65_536…1_073_741_824, default 67_108_864. */
  readonly pendingBytes: number;
  /** Bytes of appends that share one batch, more or less. 1_024…67_108_864, default 1_048_576. */
  readonly batchBytes: number;
  /** Channels on disk; more are refused as `overloaded`. 1…4_000_000_000, default 1_000_000. */
  readonly channelsMax: number;
  /** Channels whose state is in memory. More in use at once are refused. 1…10_000_000, default 100_000. */
  readonly channelsCached: number;
  /** Deduplication records in memory; the others are read when needed. 1…10_000_000, default 100_000. */
  readonly recordsCached: number;
  /** How long a producer's last publish is remembered. Milliseconds, 1_000…86_400_000, default 3_600_000. */
  readonly dedupWindowMs: number;
  /** How long a channel is kept after its last use when it holds nothing. Milliseconds, default 604_800_000: seven days. */
  readonly emptyChannelMs: number;
  /** Pause between two steps of clearing away what has expired. Milliseconds, 10…3_600_000, default 10_000. */
  readonly sweepMs: number;
  /** Keys one such step looks at. 1…100_000, default 256. */
  readonly sweepCount: number;
}

export const diskLimits: DiskLimits = {
  syncMs: 100,
  pendingAppends: 10_000,
  pendingBytes: 67_108_864,
  batchBytes: 1_048_576,
  channelsMax: 1_000_000,
  channelsCached: 100_000,
  recordsCached: 100_000,
  dedupWindowMs: wireLimits.dedupWindowMs,
  emptyChannelMs: 604_800_000,
  sweepMs: 10_000,
  sweepCount: 256,
};

/** Entries one append erases at most. */
export const erasedPerAppend = 16;

export interface EngineSettings {
  /** Name of the place, for messages. */
  readonly path: string;
  readonly sync: SyncMode;
  readonly limits: DiskLimits;
}

export interface EngineOptions {
  /** Default `always`. */
  readonly sync?: SyncMode;
  readonly limits?: Partial<DiskLimits>;
}

/** @throws {OptionError} naming field, value and what is wanted */
export function resolveDisk(path: string, { sync = "always", limits: given = {} }: EngineOptions): EngineSettings {
  expectOneOf("sync", sync, ["always", "interval", "never"]);
  const limits = { ...diskLimits, ...given };
  expectRange("limits.syncMs", limits.syncMs, 1, 60_000);
  expectInteger("limits.pendingAppends", limits.pendingAppends, 1, 1_000_000);
  expectInteger("limits.pendingBytes", limits.pendingBytes, 65_536, 1_073_741_824);
  expectInteger("limits.batchBytes", limits.batchBytes, 1_024, 67_108_864);
  expectInteger("limits.channelsMax", limits.channelsMax, 1, 4_000_000_000);
  expectInteger("limits.channelsCached", limits.channelsCached, 1, 10_000_000);
  expectInteger("limits.recordsCached", limits.recordsCached, 1, 10_000_000);
  expectRange("limits.dedupWindowMs", limits.dedupWindowMs, 1_000, 86_400_000);
  expectRange("limits.emptyChannelMs", limits.emptyChannelMs, 1_000, Number.MAX_SAFE_INTEGER);
  expectRange("limits.sweepMs", limits.sweepMs, 10, 3_600_000);
  expectInteger("limits.sweepCount", limits.sweepCount, 1, 100_000);
  return { path, sync, limits };
}
