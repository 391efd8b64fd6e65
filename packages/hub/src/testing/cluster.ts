// Several hubs over one store in one time, whose links to each other fail when a test says so. Only tests import this folder.

import { FakeClock } from "@heddle/base/fakes";
import { memoryEngine, MemoryStore } from "../memory/index.ts";
import { EngineError, type Bus, type Engine, type Log } from "../ports/index.ts";
import { openWorld, type World, type WorldOptions } from "./fixture.ts";

/** What is wrong with one node's link. */
export interface Weather {
  /** Questions of other nodes, and its own, are lost. */
  isDeaf: boolean;
  /** The node knows that its link is down. */
  isDown: boolean;
  /** The way of a question to another node. Milliseconds. */
  delayMs: number;
  /** Entries of logs are not pushed, and nobody is told. */
  losesEntries: boolean;
  /** The store does not answer. */
  isStoreAway: boolean;
  /** How long the store takes to say what its heads are. Milliseconds. */
  headsMs: number;
}

export interface ClusterNode extends World {
  readonly weather: Weather;
  /** The node is gone, without a word to its clients. */
  die(): Promise<void>;
}

export interface Cluster {
  readonly clock: FakeClock;
  /** Another node on the same store. */
  start(name: string, weather?: Partial<Weather>): Promise<ClusterNode>;
}

export function openCluster(options: WorldOptions = {}): Cluster {
  const clock = new FakeClock();
  const store = new MemoryStore();
  let seed = 1;
  return {
    clock,
    async start(name, over = {}) {
      const fair = { isDeaf: false, isDown: false, delayMs: 0, losesEntries: false, isStoreAway: false, headsMs: 0 };
      const weather = { ...fair, ...over };
      const engine = new WeatheredEngine(memoryEngine({ store, node: name }), weather, clock);
      const world = await openWorld({ ...options, engine, clock, seed: seed++ });
      return { ...world, weather, die: () => engine.stop() };
    },
  };
}

/** A memory engine whose bus and log suffer from the weather. */
class WeatheredEngine implements Engine {
  readonly name = "memory";
  readonly #engine: Engine;
  readonly #weather: Weather;
  readonly #clock: FakeClock;

  constructor(engine: Engine, weather: Weather, clock: FakeClock) {
    this.#engine = engine;
    this.#weather = weather;
    this.#clock = clock;
  }

  get traits(): Engine["traits"] {
    return this.#engine.traits;
  }

  get registry(): Engine["registry"] {
    return this.#engine.registry;
  }

  get bus(): Bus {
    const { bus } = this.#engine;
    const weather = this.#weather;
    return {
      publish: (topic, body) => bus.publish(topic, body),
      subscribe: (topic, receive) => bus.subscribe(topic, receive),
      respond: (answer) =>
        bus.respond((body, from) => (weather.isDeaf ? new Promise(() => undefined) : answer(body, from))),
      request: async (node, body, timeoutMs) => {
        if (weather.isDown) throw new EngineError("unreachable", "the link is down");
        if (weather.isDeaf) return new Promise(() => undefined); // the hub has its own time
        if (weather.delayMs > 0) await this.#later(weather.delayMs);
        return bus.request(node, body, timeoutMs);
      },
      link: bus.link,
    };
  }

  get log(): Log {
    const { log } = this.#engine;
    const weather = this.#weather;
    const there = async <T>(use: () => Promise<T>): Promise<T> => {
      if (weather.isStoreAway) throw new EngineError("unreachable", "the store is away");
      return use();
    };
    return {
      append: (channel, draft) => there(() => log.append(channel, draft)),
      attach: (channel, sink) =>
        there(() =>
          log.attach(channel, {
            entry: (gen, entry) => (weather.losesEntries ? undefined : sink.entry(gen, entry)),
            broken: (gen, why) => sink.broken(gen, why),
          }),
        ),
      read: (channel, query) => there(() => log.read(channel, query)),
      heads: async (channels) => {
        const heads = await there(() => log.heads(channels));
        if (weather.headsMs > 0) await this.#later(weather.headsMs);
        return heads;
      },
      drop: (channel) => there(() => log.drop(channel)),
    };
  }

  #later(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  start(env: Parameters<Engine["start"]>[0]): Promise<void> {
    return this.#engine.start(env);
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }
}
