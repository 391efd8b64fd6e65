// Entry `@heddle/engine-disk`: an engine that keeps channels on this machine's disk.

export { disk, type DiskOptions } from "./disk.ts";
export type { DiskEngine } from "./disk-engine.ts";
export { diskLimits, type DiskLimits, type EngineOptions, type SyncMode } from "./limits.ts";
export type { DiskCounters } from "./writer.ts";
