// The engine as a whole: finds out what kind of Redis it is given, refuses what breaks promises, puts the parts together and ends
// them in order.

import { messageOf } from "@heddle/base";
import {
  EngineError,
  EngineOnParts,
  type Engine,
  type EngineEnv,
  type EngineParts,
  type NodeId,
  type Traits,
} from "@heddle/hub/ports";
import { connector, listOf, textOf, type Connect } from "./connection.ts";
import {
  addressText,
  partitionCount,
  resolveRedis,
  type Address,
  type RedisOptions,
  type RedisSettings,
} from "./limits.ts";
import { Links } from "./links.ts";
import { KeySpace } from "./partitions.ts";
import { RedisBus } from "./redis-bus.ts";
import { RedisLog } from "./redis-log.ts";
import { RedisRegistry } from "./redis-registry.ts";
import { readInfo, type ServerInfo } from "./server-info.ts";
import { cluster, sentinels, standalone, type Topology } from "./topology.ts";

/** An engine whose logs are in Redis or Valkey, for any number of nodes. */
export interface RedisEngine extends Engine {
  /** What an operator should know of the servers, found at start. One sentence each. */
  readonly notes: readonly string[];
}

/** The layout of what is stored; nodes that disagree must not share a store. */
const layoutVersion = 1;

/**
 * An engine on a Redis (6.2 or later), a Redis Cluster (7.0 or later), or what Sentinels name. Which of the first two it is, is found out.
 * Connections are opened by `start` and closed by `stop`.
 *
 * @throws {OptionError} naming the option
 */
export function redis(options: RedisOptions): RedisEngine {
  return new RedisStoreEngine(resolveRedis(options));
}

interface Parts extends EngineParts {
  readonly links: Links;
  readonly bus: RedisBus;
  readonly registry: RedisRegistry;
}

class RedisStoreEngine extends EngineOnParts<Parts> implements RedisEngine {
  readonly name = "redis";
  readonly traits: Traits;
  readonly #settings: RedisSettings;
  readonly #connect: Connect;

  constructor(settings: RedisSettings) {
    super();
    this.#settings = settings;
    this.#connect = connector(settings.limits);
    this.traits = {
      ...{ offsets: "dense", prevTag: true, staleReads: false, cas: true, producer: "append", history: "indexed" },
      // Pushed by a primary that may be gone before a replica, or the disk, has it.
      ...{ phantoms: true, ack: "primary" },
      dedupWindowMs: settings.limits.dedupWindowMs,
    };
  }

  get notes(): readonly string[] {
    return this.parts.links.notes;
  }

  protected override async dismantle({ links, bus, registry }: Parts): Promise<void> {
    registry[Symbol.dispose]();
    bus[Symbol.dispose]();
    // What was sent before is answered before.
    await links.call(0, "ping").catch((error: unknown) => messageOf(error));
    links[Symbol.dispose]();
  }

  protected override failed(why: string): EngineError {
    return failed(why);
  }

  /** @throws {EngineError} `unreachable`; `failed` when this Redis would break a promise, or other nodes use it otherwise */
  protected override async assemble({ clock, random }: EngineEnv): Promise<Parts> {
    const { prefix, limits, node } = this.#settings;
    const space = new KeySpace(prefix, partitionCount);
    const drawName = (): string => random.u32().toString(36) + random.u32().toString(36);
    const topology = await this.#topology(space);
    const links = await Links.open({
      settings: this.#settings,
      topology,
      space,
      connect: this.#connect,
      clock,
      drawName,
    });
    try {
      await expectLayout(links, space);
      const self: NodeId = node ?? `n${drawName()}`;
      const bus = new RedisBus({ self, links, space, limits, clock });
      await bus.open();
      const registry = new RedisRegistry(self, bus, clock, limits);
      await registry.join();
      return { links, bus, registry, log: new RedisLog({ links, space, limits, random }) };
    } catch (error) {
      links[Symbol.dispose]();
      throw error;
    }
  }

  async #topology({ slots }: KeySpace): Promise<Topology> {
    const { seeds, sentinel } = this.#settings;
    if (sentinel !== undefined) return sentinels(this.#settings, slots, this.#connect);
    const said: string[] = [];
    for (const seed of seeds) {
      try {
        const info = await this.#infoOf(seed);
        if (info.isCluster) return cluster(this.#settings, slots, this.#connect);
        if (seeds.length === 1) return standalone(seed, slots);
        throw failed(`${addressText(seed)} is no Cluster, and ${seeds.length} addresses were given`);
      } catch (error) {
        if (error instanceof EngineError && error.code === "failed") throw error;
        said.push(messageOf(error));
      }
    }
    throw new EngineError("unreachable", said.join("; "));
  }

  async #infoOf(seed: Address): Promise<ServerInfo> {
    const connection = await this.#connect(seed, this.#settings.access);
    try {
      return readInfo(textOf(await connection.call("info")));
    } finally {
      connection.close();
    }
  }
}

/** Writes what all nodes must agree on, or compares. @throws {EngineError} `failed`, naming key and values */
async function expectLayout(links: Links, space: KeySpace): Promise<void> {
  const wanted = { version: `${layoutVersion}`, partitions: `${space.tags.length}` };
  const key = space.layout;
  for (const [field, value] of Object.entries(wanted)) await links.call(0, "hsetnx", key, field, value);
  const there = listOf(await links.call(0, "hmget", key, ...Object.keys(wanted))).map(textOf);
  for (const [index, [field, value]] of Object.entries(wanted).entries())
    if (there[index] !== value)
      throw failed(`${key}: ${field} is ${there[index]}, this version has ${value}; another \`prefix\` begins anew`);
}

const failed = (why: string): EngineError => new EngineError("failed", `redis engine: ${why}`);
