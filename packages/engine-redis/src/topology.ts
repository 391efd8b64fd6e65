// Where the primaries are: one address, what Sentinels say, or what a Cluster says of its slots. Asks; connects to no primary itself.

import { messageOf } from "@heddle/base";
import { EngineError } from "@heddle/hub/ports";
import { listOf, textOf, type Connect, type Connection, type Reply } from "./connection.ts";
import { addressText, type Address, type RedisSettings } from "./limits.ts";

/** A primary and the partitions it has. */
export interface Place {
  readonly address: Address;
  readonly partitions: readonly number[];
}

export interface Topology {
  readonly isCluster: boolean;
  /** Whether places can change without a connection ending. */
  readonly canChange: boolean;
  /** @param open  connections that may be asked. @throws {EngineError} `unreachable` */
  places(open: readonly Connection[]): Promise<readonly Place[]>;
}

type Settings = Pick<RedisSettings, "seeds" | "access" | "sentinel">;

const everything = (slots: readonly number[]): number[] => slots.map((_, partition) => partition);

export function standalone(address: Address, slots: readonly number[]): Topology {
  const places = [{ address, partitions: everything(slots) }];
  return { isCluster: false, canChange: false, places: async () => places };
}

export function sentinels({ seeds, sentinel }: Settings, slots: readonly number[], connect: Connect): Topology {
  if (sentinel === undefined) throw new Error("sentinels(): no name");
  const { name, access } = sentinel;
  return {
    isCluster: false,
    canChange: true,
    async places() {
      const address = await firstAnswer(seeds, async (seed) => {
        const connection = await connect(seed, access);
        try {
          return primaryOf(await connection.call("sentinel", "get-master-addr-by-name", name), name, seed);
        } finally {
          connection.close();
        }
      });
      return [{ address, partitions: everything(slots) }];
    },
  };
}

function primaryOf(reply: Reply, name: string, sentinel: Address): Address {
  const [host, port] = listOf(reply).map(textOf);
  if (host === undefined || port === undefined)
    throw new EngineError("unreachable", `Sentinel at ${addressText(sentinel)} knows no primary named ${name}`);
  return { host, port: Number(port) };
}

export function cluster({ seeds, access }: Settings, slots: readonly number[], connect: Connect): Topology {
  const ask = async (connection: Connection): Promise<readonly Place[]> =>
    placesOf(await connection.call("cluster", "slots"), slots, connection.address);
  return {
    isCluster: true,
    canChange: true,
    async places(open) {
      if (open.length > 0) {
        try {
          return await firstAnswer(open, ask);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error; // those that are open know nothing: the seeds may
        }
      }
      return firstAnswer(seeds, async (seed) => {
        const connection = await connect(seed, access);
        try {
          return await ask(connection);
        } finally {
          connection.close();
        }
      });
    },
  };
}

/** Of what CLUSTER SLOTS answers. @throws {EngineError} `unreachable` while slots of ours have no node */
export function placesOf(reply: Reply, slots: readonly number[], asked: Address): readonly Place[] {
  const places = new Map<string, { address: Address; partitions: number[] }>();
  const missing = new Set(slots.keys());
  for (const range of listOf(reply)) {
    const [from, to, primary] = listOf(range);
    const [host, port] = listOf(primary);
    // A node that does not know its own address is the one that was asked.
    const address = { host: textOf(host) || asked.host, port: Number(textOf(port)) };
    const place = places.get(addressText(address)) ?? { address, partitions: [] };
    places.set(addressText(address), place);
    for (const [partition, slot] of slots.entries()) {
      if (slot < Number(textOf(from)) || slot > Number(textOf(to))) continue;
      place.partitions.push(partition);
      missing.delete(partition);
    }
  }
  if (missing.size === 0) return [...places.values()];
  throw new EngineError(
    "unreachable",
    `the Cluster at ${addressText(asked)} has no node for ${missing.size} of ${slots.length} partitions`,
  );
}

/** The first of these that answers. @throws {EngineError} with what each said */
async function firstAnswer<From, T>(from: readonly From[], ask: (one: From) => Promise<T>): Promise<T> {
  const said: string[] = [];
  for (const one of from) {
    try {
      return await ask(one);
    } catch (error) {
      said.push(messageOf(error));
    }
  }
  throw new EngineError("unreachable", said.join("; "));
}
