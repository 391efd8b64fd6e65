import { describe, expect, it } from "vitest";
import { wireLimits } from "@heddle/protocol";
import { hubLimits } from "../options.ts";
import { openCluster, type ClusterNode } from "../testing/presence-cluster.ts";
import { openPolicy, sub, type FakeClient } from "../testing/fixture.ts";

const enter = (r: number, ver: number, d: unknown = "here"): object => ({
  ...{ t: "presence", r, ch: "room/1", op: "enter", ver, d },
});
const leave = (r: number, ver: number): object => ({ t: "presence", r, ch: "room/1", op: "leave", ver });
const list = (r: number, over: object = {}): object => ({ t: "presence", r, ch: "room/1", op: "list", ...over });

/** More than a change takes from node to node and to the clients. Milliseconds. */
const soonMs = 4 * hubLimits.presenceGatherMs;
const { presenceGraceMs: graceMs } = wireLimits;
const { presenceLeaseMs: leaseMs, presenceDigestMs: digestMs, presenceReadyMs: readyMs } = hubLimits;

/** What a client that watches believes, and every member it ever saw leave. */
function viewOf(client: FakeClient): { members: string[]; count: number; lostSight: string[] } {
  let members = new Set<string>();
  let count = 0;
  const lostSight: string[] = [];
  for (const { full, add = [], del = [], n } of client.of("pd")) {
    const before = members;
    members = new Set(full ? [] : members);
    for (const x of del) members.delete(x);
    for (const { x } of add) members.add(x);
    for (const x of before) if (!members.has(x)) lostSight.push(x);
    count = n;
  }
  return { members: [...members].sort(), count, lostSight };
}

async function watcher(node: ClusterNode, pid: string): Promise<FakeClient> {
  const client = await node.connect({ token: "watcher", pid: `pid-w-${pid}` });
  await client.say(sub(1, "live", { pr: 1 }));
  await node.clock.advanceAsync(readyMs);
  return client;
}

const xOf = (client: FakeClient): string => client.last("welcome").x;

/** Two nodes, a watcher on each, and a client that entered on the first. */
async function gathered(options: Parameters<typeof openCluster>[1] = {}) {
  const cluster = await openCluster(["n1", "n2"], options);
  const [n1, n2] = cluster.nodes as [ClusterNode, ClusterNode];
  const watchers = [await watcher(n1, "one"), await watcher(n2, "two")] as const;
  const ada = await n1.connect({ token: "ada", pid: "pid-ada-0" });
  await ada.say(enter(1, 1));
  await cluster.clock.advanceAsync(soonMs);
  return { ...cluster, n1, n2, watchers, ada, x: xOf(ada) };
}

describe("members on several nodes", () => {
  it("are seen everywhere within two gatherings, with their data, and gone as soon", async () => {
    const { clock, watchers, ada, x, n2 } = await gathered();
    for (const client of watchers) expect(viewOf(client).members).toEqual([x]);
    await ada.say(enter(2, 2, { mood: "busy" }));
    await clock.advanceAsync(soonMs);
    expect(watchers[1].last("pd").add).toMatchObject([{ x, d: { mood: "busy" } }]);
    expect(await n2.hub.members("room/1")).toMatchObject([{ x, u: "ada", d: { mood: "busy" } }]);
    expect(await n2.hub.memberCount("room/1")).toBe(1);
    await ada.say(leave(3, 3));
    await clock.advanceAsync(soonMs);
    for (const client of watchers) expect(viewOf(client).members).toEqual([]);
  });

  it("are told to a node that is new to the channel before it tells its watchers anything", async () => {
    const { nodes, clock } = await openCluster(["n1", "n2"]);
    const [n1, n2] = nodes as [ClusterNode, ClusterNode];
    const ada = await n1.connect({ token: "ada", pid: "pid-ada-0" });
    await ada.say(enter(1, 1));
    await clock.advanceAsync(1_000);
    const late = await watcher(n2, "late");
    expect(late.of("pd").map(({ full, n }) => [full, n])).toEqual([[1, 1]]);
  });

  it("are listed by any node, in pages", async () => {
    const { clock, n1, n2, watchers, x } = await gathered();
    const others: string[] = [x];
    for (const index of [1, 2, 3]) {
      const other = await n1.connect({ token: `u${index}`, pid: `pid-other-${index}` });
      await other.say(enter(1, 1));
      others.push(xOf(other));
    }
    await clock.advanceAsync(soonMs);
    await watchers[1].say(list(5, { limit: 3 }));
    const first = watchers[1].last("ok").d as { list: { x: string }[]; n: number; more: number };
    expect([first.list.length, first.n, first.more]).toEqual([3, 4, 1]);
    await watchers[1].say(list(6, { limit: 3, after: first.list.at(-1)?.x }));
    const second = watchers[1].last("ok").d as typeof first;
    expect([...first.list, ...second.list].map((member) => member.x)).toEqual(others.sort());
    expect(second.more).toBe(0);
    expect(n2.hub.channelCount).toBe(1);
  });

  it("are found by the next change when one was lost", async () => {
    const { clock, n1, watchers, ada, x } = await gathered();
    n1.engine.loses = (topic) => topic.startsWith("p/");
    const bob = await n1.connect({ token: "bob", pid: "pid-bob-0" });
    await bob.say(enter(1, 1));
    await clock.advanceAsync(soonMs);
    n1.engine.loses = () => false;
    expect(viewOf(watchers[1]).members).toEqual([x]);
    await ada.say(enter(2, 2, "changed"));
    await clock.advanceAsync(soonMs);
    expect(viewOf(watchers[1]).members).toEqual([x, xOf(bob)].sort());
  });

  it("are found within thirty seconds when the last change was lost", async () => {
    const { clock, n1, watchers, ada, x } = await gathered();
    n1.engine.loses = () => true;
    await ada.say(leave(2, 2));
    await clock.advanceAsync(soonMs);
    n1.engine.loses = () => false;
    expect(viewOf(watchers[1]).members).toEqual([x]);
    expect(1.1 * digestMs).toBeLessThan(30_000);
    await clock.advanceAsync(1.1 * digestMs);
    expect(viewOf(watchers[1]).members).toEqual([]);
  });

  it("that came while a map was on its way are not lost over it", async () => {
    const { clock, n1, n2, watchers, ada, x } = await gathered();
    n1.engine.loses = (topic) => topic.startsWith("p/");
    await ada.say(enter(2, 2, "lost"));
    await clock.advanceAsync(soonMs);
    n1.engine.loses = (topic) => topic.startsWith("p@"); // the map that will be asked for
    const came: string[] = [x];
    for (const index of [1, 2]) {
      const other = await n1.connect({ token: `u${index}`, pid: `pid-other-${index}` });
      await other.say(enter(1, 1));
      came.push(xOf(other));
      await clock.advanceAsync(soonMs);
    }
    expect(viewOf(watchers[1]).members).toEqual([x]);
    n1.engine.loses = () => false;
    await clock.advanceAsync(1_000 + soonMs); // it is asked for again
    expect(viewOf(watchers[1]).members).toEqual(came.sort());
    expect(n2.engine.sent.filter((topic) => topic === "p@n1")).toHaveLength(2);
  });
});

describe("a session whose connection broke", () => {
  it("stays for its grace, then leaves on all nodes", async () => {
    const { clock, watchers, ada, x } = await gathered();
    await ada.drop();
    await clock.advanceAsync(graceMs - 1);
    for (const client of watchers) expect(viewOf(client).members).toEqual([x]);
    await clock.advanceAsync(soonMs);
    for (const client of watchers) expect(viewOf(client).lostSight).toEqual([x]);
  });

  it("leaves at once when it ended it on purpose", async () => {
    const { clock, watchers, ada } = await gathered();
    await ada.drop(1000);
    await clock.advanceAsync(soonMs);
    for (const client of watchers) expect(viewOf(client).members).toEqual([]);
  });

  it("and comes back on another node is never out of sight, there or here", async () => {
    const { clock, n2, watchers, ada, x } = await gathered();
    await ada.drop();
    await clock.advanceAsync(graceMs / 2);
    const again = await n2.connect({ token: "ada", pid: "pid-ada-0" });
    expect(xOf(again)).toBe(x);
    await again.say(enter(1, 2));
    await clock.advanceAsync(2 * graceMs);
    for (const client of watchers) expect(viewOf(client)).toMatchObject({ members: [x], lostSight: [] });
  });

  it("and leaves on the node it came back to is gone everywhere at once, though the first one still waits for it", async () => {
    const { clock, n2, watchers, ada, x } = await gathered();
    await ada.drop();
    const again = await n2.connect({ token: "ada", pid: "pid-ada-0" });
    await again.say(enter(1, 2));
    await clock.advanceAsync(soonMs);
    await again.say(leave(2, 3));
    await clock.advanceAsync(soonMs);
    for (const client of watchers) expect(viewOf(client)).toMatchObject({ members: [], lostSight: [x] });
    await clock.advanceAsync(3 * leaseMs);
    for (const client of watchers) expect(viewOf(client).members).toEqual([]);
  });

  it("and says on another node that it left, without entering there, is gone", async () => {
    const { clock, n2, watchers, ada } = await gathered();
    await ada.drop();
    const again = await n2.connect({ token: "ada", pid: "pid-ada-0" });
    await again.say(leave(1, 2));
    await clock.advanceAsync(soonMs);
    for (const client of watchers) expect(viewOf(client).members).toEqual([]);
  });

  it("and is with another node while its old connection seems to live leaves the old node after the grace", async () => {
    const { clock, n1, n2, x } = await gathered();
    const again = await n2.connect({ token: "ada", pid: "pid-ada-0" });
    await again.say(enter(1, 2));
    await clock.advanceAsync(graceMs + soonMs);
    n1.engine.left("n2");
    await clock.advanceAsync(soonMs);
    expect(await n1.hub.members("room/1")).toEqual([]);
    expect(await n2.hub.members("room/1")).toMatchObject([{ x }]);
  });
});

describe("a node that is gone", () => {
  it("takes its members with it when its lease ends", async () => {
    const { clock, n2, watchers } = await gathered();
    n2.engine.left("n1");
    await clock.advanceAsync(soonMs);
    expect(viewOf(watchers[1]).members).toEqual([]);
  });

  it("and is back tells its members again", async () => {
    const { clock, n2, watchers, x } = await gathered();
    n2.engine.left("n1");
    n2.engine.alive("n1");
    await clock.advanceAsync(1.1 * digestMs + soonMs);
    expect(viewOf(watchers[1]).members).toEqual([x]);
  });

  it("is found out although something it said arrived after its end", async () => {
    const { clock, n1, n2, watchers, ada, x } = await gathered();
    n2.engine.left("n1");
    await ada.say(enter(2, 2, "late"));
    await clock.advanceAsync(soonMs);
    n1.engine.loses = () => true;
    expect(viewOf(watchers[1]).members).toEqual([x]);
    await clock.advanceAsync(2 * digestMs);
    expect(viewOf(watchers[1]).members).toEqual([]);
  });

  it("on purpose leaves its members their grace to enter elsewhere", async () => {
    const { clock, n1, n2, watchers, x } = await gathered();
    const closed = n1.hub.close();
    await clock.settle();
    await closed;
    n2.engine.left("n1");
    await clock.advanceAsync(graceMs - soonMs);
    expect(viewOf(watchers[1]).members).toEqual([x]);
    await clock.advanceAsync(2 * soonMs);
    expect(viewOf(watchers[1]).members).toEqual([]);
  });
});

describe("a node whose own link is down", () => {
  it("believes nobody gone, however long, and for a lease after", async () => {
    const { clock, n2, watchers, x } = await gathered();
    n2.engine.cut();
    n2.engine.left("n1");
    await clock.advanceAsync(20 * leaseMs);
    n2.engine.mend();
    n2.engine.alive("n1");
    await clock.advanceAsync(2 * leaseMs);
    expect(viewOf(watchers[1])).toMatchObject({ members: [x], lostSight: [] });
  });

  it("finds those who are really gone a lease after it is back", async () => {
    const { clock, n2, watchers, x } = await gathered();
    n2.engine.cut();
    n2.engine.left("n1");
    await clock.advanceAsync(60_000);
    n2.engine.mend();
    await clock.advanceAsync(leaseMs - 1);
    expect(viewOf(watchers[1]).members).toEqual([x]);
    await clock.advanceAsync(soonMs);
    expect(viewOf(watchers[1]).members).toEqual([]);
  });

  it("keeps those whose grace is over: they may be on another node", async () => {
    const { clock, n1, n2, watchers, ada, x } = await gathered();
    n1.engine.cut();
    await ada.drop();
    const again = await n2.connect({ token: "ada", pid: "pid-ada-0" });
    await again.say(enter(1, 2));
    await clock.advanceAsync(10 * graceMs);
    n1.engine.mend();
    await clock.advanceAsync(2 * leaseMs);
    for (const client of watchers) expect(viewOf(client)).toMatchObject({ members: [x], lostSight: [] });
  });

  it("is told everything it missed as soon as it is back", async () => {
    const { clock, n1, n2, watchers, ada, x } = await gathered();
    n2.engine.cut();
    const bob = await n1.connect({ token: "bob", pid: "pid-bob-0" });
    await bob.say(enter(1, 1));
    await ada.say(leave(2, 2));
    await clock.advanceAsync(5_000);
    expect(viewOf(watchers[1]).members).toEqual([x]);
    n2.engine.mend();
    await clock.advanceAsync(soonMs);
    expect(viewOf(watchers[1]).members).toEqual([xOf(bob)]);
  });

  it("tells watchers of a channel it knows nothing of nothing, and says so to whoever asks", async () => {
    const { nodes, clock } = await openCluster(["n1", "n2"], {
      channels: { room: openPolicy({ isDurable: false }) },
    });
    const [n1, n2] = nodes as [ClusterNode, ClusterNode];
    const ada = await n1.connect({ token: "ada", pid: "pid-ada-0" });
    await ada.say(enter(1, 1));
    n2.engine.cut();
    const client = await watcher(n2, "cut");
    await client.say(list(2));
    await clock.advanceAsync(hubLimits.attachMs);
    expect(client.of("pd")).toEqual([]);
    expect(client.last("err")).toMatchObject({ r: 2, code: 101 });
    n2.engine.mend();
    await clock.advanceAsync(readyMs);
    expect(viewOf(client).members).toEqual([xOf(ada)]);
  });
});
