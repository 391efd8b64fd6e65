import { describe, expect, it } from "vitest";
import { HubError } from "../hub-error.ts";
import { openCluster, type Cluster, type ClusterNode } from "../testing/cluster.ts";
import { pub, sub } from "../testing/fixture.ts";

const question = { op: "confirm", json: '{"text":"?"}', timeoutMs: 5_000 };

async function twoNodes(): Promise<{ cluster: Cluster; n1: ClusterNode; n2: ClusterNode }> {
  const cluster = openCluster({ hasNotices: true });
  return { cluster, n1: await cluster.start("n1"), n2: await cluster.start("node-2") };
}

/** What a promise came to, as time passes. */
async function after<T>(cluster: Cluster, ms: number, promise: Promise<T>): Promise<T | HubError | "pending"> {
  let outcome: T | HubError | "pending" = "pending";
  promise.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error as HubError),
  );
  await cluster.clock.advanceAsync(ms);
  return outcome;
}

describe("a question to a user of several nodes", () => {
  it("comes back with what every device on every node says", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const here = await n1.connect({ token: "ada" });
    const there = await n2.connect({ token: "ada" });
    await n2.connect({ token: "bob" });
    const asking = n1.hub.askUser("ada", question);
    await cluster.clock.settle();
    expect(there.last("ask")).toMatchObject({ op: "confirm", d: { text: "?" }, ms: 5_000 });
    await here.say({ t: "reply", r: here.last("ask").r, d: { yes: true } });
    await there.say({ t: "reply", r: there.last("ask").r, err: { code: 7, why: "no" } });
    expect(await asking).toEqual({
      answers: [
        { connectionId: "n1-1", is: "answer", value: { yes: true } },
        { connectionId: "node-2-1", is: "failure", code: 7, why: "no" },
      ],
      missing: [],
    });
  });

  it("names the node that is deaf, and waits for it no longer than a node may take", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    await n2.connect({ token: "ada" });
    n2.weather.isDeaf = true;
    const asking = n1.hub.askUser("ada", question);
    expect(await after(cluster, 999, asking)).toBe("pending");
    expect(await after(cluster, 1, asking)).toEqual({ answers: [], missing: ["node-2"] });
    expect(n1.hub.counters).toMatchObject({ nodeQuestions: 1, nodeFailures: 1 });
  });

  it("ends at once when the node that has the user is gone, and names it", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    await n2.connect({ token: "ada" });
    const asking = n1.hub.askUser("ada", question);
    expect(await after(cluster, 100, asking)).toBe("pending");
    await n2.die();
    expect(await after(cluster, 0, asking)).toEqual({ answers: [], missing: ["node-2"] });
  });

  it("ends in bounded time when the node falls silent after it has asked, and names it", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: "ada" });
    n1.weather.delayMs = 10;
    const asking = n1.hub.askUser("ada", question);
    await cluster.clock.advanceAsync(10);
    expect(client.of("ask")).toHaveLength(1);
    n2.weather.isDeaf = true;
    expect(await after(cluster, 5_989, asking)).toBe("pending");
    expect(await after(cluster, 1, asking)).toEqual({ answers: [], missing: ["node-2"] });
  });

  it("names all others when this node's own link is down", async () => {
    const { cluster, n1 } = await twoNodes();
    n1.weather.isDown = true;
    expect(await after(cluster, 0, n1.hub.askUser("ada", question))).toEqual({ answers: [], missing: ["node-2"] });
  });

  it("is taken back on the other node when nobody waits any longer", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: "ada" });
    const stop = new AbortController();
    const asking = n1.hub.askUser("ada", { ...question, signal: stop.signal });
    await cluster.clock.settle();
    stop.abort();
    await cluster.clock.settle();
    expect(client.last("cancel").r).toBe(client.last("ask").r);
    expect(await asking).toMatchObject({ answers: [{ is: "failure", code: 309 }], missing: [] });
  });
});

describe("a question to one connection", () => {
  it("reaches it on another node", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: "ada" });
    const asking = n1.hub.askConnection("node-2-1", question);
    await cluster.clock.settle();
    await client.say({ t: "reply", r: client.last("ask").r, d: 1 });
    expect(await asking).toEqual({ connectionId: "node-2-1", is: "answer", value: 1 });
  });

  it.each(["node-2-9", "node-7-1", "n1-5", "nonsense", ""])("that is nowhere (%s) is unknown at once", async (id) => {
    const { cluster, n1 } = await twoNodes();
    expect(await after(cluster, 0, n1.hub.askConnection(id, question))).toMatchObject({ code: "unknownName" });
  });

  it.each([
    ["deaf", 1_000, (node: ClusterNode): void => void (node.weather.isDeaf = true), /did not answer within 1000 ms/],
    ["gone", 0, (node: ClusterNode): void => void node.die(), /node-2 is gone|did not answer/],
  ] as const)("on a node that is %s is an error that names the node", async (_, ms, strike, why) => {
    const { cluster, n1, n2 } = await twoNodes();
    await n2.connect({ token: "ada" });
    n1.weather.delayMs = 1; // it is alive when it is asked
    const asking = n1.hub.askConnection("node-2-1", question);
    strike(n2);
    const error = await after(cluster, ms + 1, asking);
    expect(error).toBeInstanceOf(HubError);
    expect(error).toMatchObject({
      code: "outcomeUnknown",
      node: "node-2",
      message: expect.stringMatching(why) as string,
    });
  });
});

describe("a notice", () => {
  it("to a connection of another node is delivered when the client has taken it", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: "ada" });
    const sending = n1.hub.sendToConnection("node-2-1", { event: "notify", json: '{"a":1}' });
    await cluster.clock.settle();
    expect(client.of("m").at(-1)).toMatchObject({ c: 0, e: "notify", d: { a: 1 } });
    await client.ackAll();
    expect(await sending).toBe("delivered");
  });

  it("to a connection of a node that is lost is unknown", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    await n2.connect({ token: "ada" });
    n2.weather.isDeaf = true;
    const sending = n1.hub.sendToConnection("node-2-1", { event: "notify", json: "1" });
    expect(await after(cluster, 11_000, sending)).toBe("unknown");
  });

  it("to a user, or to everybody, reaches every node", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const here = await n1.connect({ token: "ada" });
    const there = await n2.connect({ token: "ada" });
    await n1.hub.sendToUser("ada", { event: "notify", json: "1" });
    await n1.hub.broadcast({ event: "notify", json: "2" });
    await cluster.clock.settle();
    for (const client of [here, there]) expect([...client.payloads].sort()).toEqual([1, 2]);
  });
});

describe("ending connections", () => {
  it("of a user ends them on every node, and says how many", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const clients = [
      await n1.connect({ token: "ada" }),
      await n2.connect({ token: "ada" }),
      await n2.connect({ token: "ada" }),
    ];
    const bob = await n2.connect({ token: "bob" });
    const ending = n1.hub.disconnectUser("ada", "banned", "house rules");
    expect(await after(cluster, 0, ending)).toEqual({ count: 3, missing: [] });
    for (const client of clients) expect(client.last("bye")).toMatchObject({ code: 4403, why: "house rules" });
    expect(bob.of("bye")).toEqual([]);
  });

  it("names the node that did not say", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    await n1.connect({ token: "ada" });
    n2.weather.isDeaf = true;
    expect(await after(cluster, 1_000, n1.hub.disconnectUser("ada"))).toEqual({ count: 1, missing: ["node-2"] });
  });

  it("of one connection ends that one, wherever it is", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const first = await n2.connect({ token: "ada" });
    const second = await n2.connect({ token: "ada" });
    expect(await after(cluster, 0, n1.hub.disconnectConnection("node-2-1"))).toEqual({ count: 1, missing: [] });
    expect([first.port.closedWith, second.port.closedWith]).toEqual([4403, undefined]);
    expect(await after(cluster, 0, n1.hub.disconnectConnection("gone-1"))).toEqual({ count: 0, missing: [] });
  });
});

describe("who is there", () => {
  it("is told of every node: a user's connections, and how the nodes are", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    await n1.connect({ token: "ada" });
    const left = await n2.connect({ token: "ada" });
    await n2.connect({ token: "ada" });
    await left.drop();
    expect(await after(cluster, 0, n1.hub.connectionsOf("ada"))).toEqual({
      connections: [
        { connectionId: "n1-1", node: "n1" },
        { connectionId: "node-2-2", node: "node-2" },
      ],
      count: 2,
      missing: [],
    });
    await after(cluster, 0, n2.hub.drain());
    expect(await after(cluster, 0, n1.hub.nodes())).toMatchObject({
      nodes: [
        { node: "n1", connections: 1, isDraining: false },
        { node: "node-2", connections: 0, isDraining: true },
      ],
      missing: [],
    });
  });
});

describe("a channel on a node", () => {
  it("is attached and repaired once, however many subscribe to it", async () => {
    const { n1, n2 } = await twoNodes();
    const clients = [];
    for (let index = 0; index < 20; index++) clients.push(await n2.connect({ token: `u${index}` }));
    for (const client of clients) await client.say(sub(1));
    const writer = await n1.connect({ token: "w" });
    const { storeReads } = n2.hub.counters;
    expect(storeReads).toBeLessThanOrEqual(1 + 1 + 20); // the room, everybody's channel, and each user's own
    n2.weather.losesEntries = true;
    await writer.say(pub(1, 1));
    n2.weather.losesEntries = false;
    await writer.say(pub(2, 2)); // shows the hole
    for (const client of clients) expect(client.payloads).toEqual([1, 2]);
    expect(n2.hub.counters).toMatchObject({ repairs: 1, storeReads: storeReads + 1 });
  });
});
