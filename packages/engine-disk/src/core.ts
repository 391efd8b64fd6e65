// Entry `@heddle/engine-disk/core`: the engine over any store of keys and values, and a store in memory that loses what
// was not synced. For tests and simulations; free of Node and of the disk.

export { diskEngineOn, type DiskEngine, type DiskEngineOptions } from "./disk-engine.ts";
export { CrashableStore } from "./model/crashable-store.ts";
export type * from "./port.ts";
