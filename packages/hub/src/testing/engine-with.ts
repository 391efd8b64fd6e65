// An engine that is the memory engine but for what a test needs otherwise. Only tests import this folder.

import { memoryEngine, MemoryStore } from "../memory/index.ts";
import type { Engine, Log, Traits } from "../ports/index.ts";

/** A memory engine of other traits, some of whose log does something else. */
export function engineWith(traits: Partial<Traits>, over: (real: () => Log) => Partial<Log>): Engine {
  const engine = memoryEngine({ store: new MemoryStore(), node: "n1" });
  const changed = over(() => engine.log);
  return {
    name: "other",
    traits: { ...engine.traits, ...traits },
    get log() {
      return { ...engine.log, ...changed };
    },
    get bus() {
      return engine.bus;
    },
    get registry() {
      return engine.registry;
    },
    start: (env) => engine.start(env),
    stop: () => engine.stop(),
  };
}
