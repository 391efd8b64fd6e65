// An engine that is the memory engine but for what a test needs otherwise. Only tests import this folder.

import { memoryEngine, MemoryStore } from "../memory/index.ts";
import type { Bus, Engine, Log, Traits } from "../ports/index.ts";

/** A memory engine of other traits, some of whose log, or bus, does something else. */
export function engineWith(
  traits: Partial<Traits>,
  over: (real: () => Log) => Partial<Log>,
  subscribe?: (real: () => Bus) => Bus["subscribe"],
): Engine {
  const engine = memoryEngine({ store: new MemoryStore(), node: "n1" });
  const changed = over(() => engine.log);
  return {
    name: "other",
    traits: { ...engine.traits, ...traits },
    get log() {
      return { ...engine.log, ...changed };
    },
    get bus(): Bus {
      const real = engine.bus;
      if (subscribe === undefined) return real;
      return {
        publish: (topic, body) => real.publish(topic, body),
        subscribe: subscribe(() => real),
        request: (node, body, timeoutMs) => real.request(node, body, timeoutMs),
        respond: (answer) => real.respond(answer),
        link: real.link,
      };
    },
    get registry() {
      return engine.registry;
    },
    start: (env) => engine.start(env),
    stop: () => engine.stop(),
  };
}
