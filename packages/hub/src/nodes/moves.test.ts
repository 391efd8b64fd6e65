import { describe, expect, it } from "vitest";
import { openCluster, type Cluster, type ClusterNode } from "../testing/cluster.ts";
import type { FakeClient } from "../testing/fixture.ts";

interface Scene {
  readonly cluster: Cluster;
  readonly n1: ClusterNode;
  readonly n2: ClusterNode;
  /** Inputs of the calls that were carried out. */
  readonly orders: unknown[];
  /** Lets the handlers go on. */
  finish(): Promise<void>;
}

/** Two nodes whose handlers wait until they may finish. */
async function twoNodes(): Promise<Scene> {
  const orders: unknown[] = [];
  let waiting: (() => void)[] = [];
  const cluster = openCluster({
    operations: {
      order: {
        isIdempotent: true,
        run: async (value) => {
          const count = orders.push(value);
          await new Promise<void>((resolve) => waiting.push(resolve));
          return { is: "ok", json: String(count) };
        },
      },
    },
  });
  const [n1, n2] = [await cluster.start("n1"), await cluster.start("n2")];
  return {
    ...{ cluster, n1, n2, orders },
    async finish() {
      for (const resolve of waiting) resolve();
      waiting = [];
      await cluster.clock.settle();
    },
  };
}

const order = (r: number, n: number): object => ({ t: "call", r, op: "order", n, d: n });
const moved = (to: ClusterNode, from: FakeClient, user = "u1"): Promise<FakeClient> =>
  to.connect({ token: user, hello: { prev: from.last("welcome").rs } });

describe("a client that comes from another node", () => {
  it("has its old connection closed there, unless it is somebody else's", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const [old, other] = [await n1.connect(), await n1.connect({ token: "u2" })];
    await moved(n2, old);
    await moved(n2, other);
    await cluster.clock.settle();
    expect([old.port.closedWith, other.port.closedWith]).toEqual([4410, undefined]);
  });

  it("gets the answer of the call it asked there, also of one that is still carried out; nothing is done twice", async () => {
    const { cluster, n1, n2, orders, finish } = await twoNodes();
    const old = await n1.connect();
    await old.say(order(1, 1));
    await finish();
    await old.say(order(2, 2));
    const client = await moved(n2, old);
    await client.say(order(1, 1), order(2, 2));
    expect(client.of("ok")).toEqual([{ t: "ok", r: 1, d: 1 }]);
    await cluster.clock.advanceAsync(3_000);
    await finish();
    await cluster.clock.advanceAsync(0);
    expect(client.of("ok")).toEqual([
      { t: "ok", r: 1, d: 1 },
      { t: "ok", r: 2, d: 2 },
    ]);
    expect(orders).toEqual([1, 2]);
  });

  it("has what never reached that node carried out here", async () => {
    const { n1, n2, orders, finish } = await twoNodes();
    const client = await moved(n2, await n1.connect());
    await client.say(order(1, 1));
    await finish();
    expect(client.last("ok")).toMatchObject({ r: 1, d: 1 });
    expect(orders).toEqual([1]);
  });

  it.each([
    ["gone", 0, (node: ClusterNode): void => void node.die()],
    ["deaf", 1_000, (node: ClusterNode): void => void (node.weather.isDeaf = true)],
  ] as const)("is not held up by that node when it is %s", async (_, ms, strike) => {
    const { cluster, n1, n2, finish } = await twoNodes();
    const old = await n1.connect();
    await old.say(order(1, 1));
    strike(n1);
    const client = await moved(n2, old);
    await client.say(order(1, 1));
    await cluster.clock.advanceAsync(ms);
    await finish();
    expect(client.last("ok")).toMatchObject({ r: 1 });
  });

  it("asks that node no more when nothing is remembered there", async () => {
    const { cluster, n1, n2, finish } = await twoNodes();
    const client = await moved(n2, await n1.connect());
    await cluster.clock.advanceAsync(60_001);
    const { nodeQuestions } = n2.hub.counters;
    await client.say(order(1, 1));
    await finish();
    expect(client.last("ok")).toMatchObject({ r: 1 });
    expect(n2.hub.counters.nodeQuestions).toBe(nodeQuestions);
  });
});
