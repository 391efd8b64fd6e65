// A Cluster of three primaries with a replica each: the suite's checks, and servers that die and slots that move while it is used.

import { systemClock, systemRandom } from "@heddle/base/system";
import { redis } from "@heddle/engine-redis";
import { engineConformance } from "@heddle/testkit/conformance";
import { RedisCluster } from "@heddle/testkit/process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { draft, eventually, Listener, Node, openEngine, pause, roomOf } from "./support/world.ts";

let cluster: RedisCluster;
let caseCount = 0;

beforeAll(async () => void (cluster = await RedisCluster.start()));
afterAll(() => cluster[Symbol.asyncDispose]());

describe("the Redis engine on a Cluster", () => {
  const cases = engineConformance({
    ...{ clock: systemClock(), random: systemRandom() },
    lacks: { time: "Redis keeps its own clock", restart: "nothing differs from one server, which does them all" },
    async create() {
      const open = (
        (prefix) => () =>
          redis({ url: cluster.urls.slice(0, 2), prefix })
      )(`case${++caseCount}:`);
      return { engine: open(), peer: async () => open(), dispose: async () => undefined };
    },
  });
  it.each(cases)("$title", ({ run }) => expect(run()).resolves.toBeUndefined());

  it("uses every primary", async () => {
    await using engine = await openEngine({ url: cluster.urls, prefix: "spread:" });
    const names = Array.from({ length: 60 }, (_, index) => `room/${index}`);
    await Promise.all(names.map((name) => engine.log.append(name, draft())));
    const counts = await Promise.all(cluster.servers.slice(0, 3).map((server) => server.command("dbsize")));
    expect(counts.map(Number).every((count) => count > 20)).toBe(true);
    expect((await engine.log.heads(names)).map(({ offset }) => offset)).toEqual(names.map(() => 1));
  });
});

describe("a channel whose slot moves to another server while it is used", () => {
  it("loses nothing and repeats nothing, and its sinks are told to attach again", async () => {
    await using engine = await openEngine({ url: cluster.urls, prefix: "move:" });
    await engine.log.append("a", draft());
    const holder = async () => {
      for (const server of cluster.servers.slice(0, 3)) {
        const [key] = (await server.command("keys", "move:*s:a")).split("\n").filter(Boolean);
        if (key !== undefined) return { server, slot: Number(await server.command("cluster", "keyslot", key)) };
      }
      throw new Error("nobody has the channel");
    };
    const { server, slot } = await holder();
    const target = cluster.servers.slice(0, 3).find((each) => each !== server);
    if (target === undefined) throw new Error("no other primary");
    const listener = new Listener();
    await engine.log.attach("a", listener);
    const answers: Promise<unknown>[] = [];
    const moving = cluster.moveSlot(slot, target);
    for (let index = 0; index < 60; index++) {
      const same = draft();
      const tryAgain = (): Promise<unknown> =>
        engine.log.append("a", same).catch(async () => (await pause(20), tryAgain()));
      answers.push(tryAgain());
      await pause(10);
    }
    await moving;
    await Promise.all(answers);
    await eventually("the sink is told", () => listener.breaks.length > 0);
    const { entries } = await engine.log.read("a", { last: 100, limit: 100, bytes: 1e6 });
    expect(entries).toHaveLength(61);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(61);
    await engine.log.attach("a", listener);
    const { length } = listener.entries;
    await engine.log.append("a", draft());
    await eventually("it is shown", () => listener.entries.length > length);
  });
});

describe("two nodes on a Cluster of which a primary is killed", () => {
  it("go on with its replica, and tell readers of what it did not have", async () => {
    await using near = await Node.start({ url: cluster.urls, prefix: "kill:" });
    await using far = await Node.start({ url: cluster.urls, prefix: "kill:" });
    const reader = await far.reader("a");
    const room = roomOf(near.client("ada"), "a");
    const published: number[] = [];
    const publish = async (n: number): Promise<void> => {
      await room.publish("message", { n });
      published.push(n);
    };
    for (let n = 1; n <= 10; n++) await publish(n);
    await pause(200); // so that the replica has them
    const holder = (
      await Promise.all(
        cluster.servers
          .slice(0, 3)
          .map(async (server) => [server, await server.command("keys", "kill:*s:room*")] as const),
      )
    ).find(([, keys]) => keys !== "");
    await holder?.[0].kill();
    for (let n = 11; n <= 20; n++) await publish(n);
    await eventually("the last one is read", () => reader.numbers.at(-1) === 20);
    expect(holder).toBeDefined();
    expect(reader.numbers).toEqual(published);
    expect(reader.gaps).toEqual([]);
  });
});
