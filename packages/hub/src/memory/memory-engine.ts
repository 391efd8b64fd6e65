// The embedded engine: everything in this process, synchronous, gone with it. Also the reference other engines are compared with.

import { messageOf, Signal, type Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import {
  EngineError,
  EngineOnParts,
  type Bus,
  type Engine,
  type EngineEnv,
  type EngineParts,
  type Log,
  type NodeId,
  type Traits,
} from "../ports/index.ts";
import { MemoryStore } from "./memory-store.ts";

const traits: Traits = {
  offsets: "dense",
  prevTag: true,
  phantoms: false,
  ack: "memory",
  staleReads: false,
  cas: true,
  producer: "append",
  dedupWindowMs: wireLimits.dedupWindowMs,
  history: "indexed",
};

/** Links to memory never break, so there is one generation. */
const onlyGeneration = 1;

/**
 * An engine over `store` (one of its own by default).
 *
 * @param node  name of this node, unique among those that share the store; random by default
 */
export function memoryEngine({ store = new MemoryStore(), node }: { store?: MemoryStore; node?: NodeId } = {}): Engine {
  return new MemoryEngine(store, node);
}

interface MemoryParts extends EngineParts {
  /** Ends listening for nodes that come and go. */
  readonly unlisten: () => void;
}

class MemoryEngine extends EngineOnParts<MemoryParts> {
  readonly name = "memory";
  readonly traits = traits;
  readonly #store: MemoryStore;
  readonly #node: NodeId | undefined;

  constructor(store: MemoryStore, node: NodeId | undefined) {
    super();
    this.#store = store;
    this.#node = node;
  }

  protected async assemble(env: EngineEnv): Promise<MemoryParts> {
    const store = this.#store;
    const self = this.#node ?? `n${env.random.u32().toString(36)}`;
    const changed = new Signal<{ alive: readonly NodeId[]; left: readonly NodeId[] }>();
    const unlisten = store.nodesChanged.on((left) => changed.emit({ alive: [...store.nodes], left }));
    store.nodes.add(self);
    store.nodesChanged.emit([]);
    return {
      log: memoryLog(store, env),
      bus: new MemoryBus(store, self, env.clock),
      registry: { self, alive: () => [...store.nodes], changed },
      unlisten,
    };
  }

  protected async dismantle({ registry, unlisten }: MemoryParts): Promise<void> {
    const { self } = registry;
    unlisten();
    this.#store.nodes.delete(self);
    this.#store.responders.delete(self);
    this.#store.nodesChanged.emit([self]);
  }

  protected failed(why: string): EngineError {
    return new EngineError("failed", `memory engine: ${why}`);
  }
}

function memoryLog(store: MemoryStore, env: EngineEnv): Log {
  const { clock } = env;
  return {
    append: async (channel, draft) => {
      const log = store.log(channel, env);
      const done = log.append(draft, clock.monotonicMs(), clock.wallMs(), traits.dedupWindowMs);
      // Visible before it is acknowledged: a publisher's own subscription never lags behind its `ok`.
      if (done.entry !== undefined) for (const sink of log.sinks) sink.entry(onlyGeneration, done.entry);
      return done.result;
    },
    attach: async (channel, sink) => {
      const log = store.log(channel, env);
      log.sinks.add(sink);
      return { gen: onlyGeneration, detach: () => void log.sinks.delete(sink) };
    },
    read: async (channel, query) => store.log(channel, env).read(query, clock.wallMs()),
    heads: async (channels) => channels.map((channel) => store.log(channel, env).head),
    drop: async (channel) => store.drop(channel),
  };
}

class MemoryBus implements Bus {
  readonly link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly #store: MemoryStore;
  readonly #self: NodeId;
  readonly #clock: Clock;

  constructor(store: MemoryStore, self: NodeId, clock: Clock) {
    this.#store = store;
    this.#self = self;
    this.#clock = clock;
  }

  publish(topic: string, body: Uint8Array): void {
    for (const receive of this.#store.topics.get(topic) ?? []) receive(body, this.#self);
  }

  async subscribe(topic: string, receive: (body: Uint8Array, from: NodeId) => void): Promise<() => void> {
    const { topics } = this.#store;
    const receivers = topics.get(topic) ?? new Set();
    topics.set(topic, receivers);
    receivers.add(receive);
    return () => {
      receivers.delete(receive);
      if (receivers.size === 0 && topics.get(topic) === receivers) topics.delete(topic);
    };
  }

  async request(node: NodeId, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const responder = this.#store.responders.get(node);
    const late = new EngineError("unknown", `node ${node}: no answer within ${timeoutMs} ms`);
    if (responder === undefined) throw late;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => reject(late));
      responder(body, this.#self)
        .then(resolve, (error: unknown) => reject(new EngineError("unknown", `node ${node}: ${messageOf(error)}`)))
        .finally(() => timer[Symbol.dispose]());
    });
  }

  respond(answer: (body: Uint8Array, from: NodeId) => Promise<Uint8Array>): void {
    this.#store.responders.set(this.#self, answer);
  }
}
