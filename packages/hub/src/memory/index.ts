// Entry `@heddle/hub/memory`: the embedded engine and the store several of them can share.

export { memoryEngine } from "./memory-engine.ts";
export { MemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
