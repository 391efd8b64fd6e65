import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import type { Authenticator } from "../ports/index.ts";
import { openCluster, type Cluster, type ClusterNode } from "../testing/cluster.ts";
import { RevocationMap } from "./revocation-map.ts";

/** Tokens are JSON: `user`, and the claims besides. */
const authenticator: Authenticator = {
  authenticate: async (token = "{}") => {
    const { user, ...claims } = JSON.parse(token) as { user?: string };
    return { is: "accepted", identity: { userId: user, claims, expiresAtMs: undefined } };
  },
};

const tokenOf = (cluster: Cluster, user: string, claims: object = {}): string =>
  JSON.stringify({ user, iat: Math.floor(cluster.clock.wallMs() / 1_000), ...claims });

async function twoNodes(): Promise<{ cluster: Cluster; n1: ClusterNode; n2: ClusterNode }> {
  const cluster = openCluster({ authenticator });
  return { cluster, n1: await cluster.start("n1"), n2: await cluster.start("n2") };
}

const revoked = { t: "bye", code: 4102, why: "lost phone", after: 10_000 };

describe("a revocation of a user", () => {
  it("ends the user's sessions on every node at once, and nobody else's", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const [here, there, bob] = [
      await n1.connect({ token: tokenOf(cluster, "ada") }),
      await n2.connect({ token: tokenOf(cluster, "ada") }),
      await n2.connect({ token: tokenOf(cluster, "bob") }),
    ];
    const revoking = n1.hub.revoke({ user: "ada" }, "lost phone");
    await cluster.clock.settle();
    expect(await revoking).toEqual({ missing: [] });
    for (const client of [here, there]) expect(client.last("bye")).toEqual(revoked);
    expect(bob.of("bye")).toEqual([]);
    expect([n1.hub.counters.revocations, n2.hub.counters.revocations]).toEqual([1, 1]);
  });

  it("refuses the old token on every node, and takes one issued five seconds later", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const old = tokenOf(cluster, "ada");
    await n1.hub.revoke({ user: "ada" }, "lost phone");
    for (const node of [n1, n2]) {
      const client = await node.connect({ token: old });
      expect(client.frames).toEqual([revoked]);
    }
    await cluster.clock.advanceAsync(10_000);
    expect((await n2.connect({ token: old })).frames).toEqual([revoked]);
    expect((await n2.connect({ token: tokenOf(cluster, "ada") })).of("welcome")).toHaveLength(1);
    const timeless = JSON.stringify({ user: "ada" });
    expect((await n2.connect({ token: timeless })).frames).toEqual([revoked]);
  });

  it("is known to a node that starts later, before it takes anybody", async () => {
    const { cluster, n1 } = await twoNodes();
    const old = tokenOf(cluster, "ada");
    for (let index = 0; index < 1_500; index++) await n1.hub.revoke({ user: `other-${index}` });
    await n1.hub.revoke({ user: "ada" }, "lost phone");
    await n1.hub.revoke({ user: "last" });
    await n1.die();
    const n3 = await cluster.start("n3");
    const [ada, first] = [await n3.connect({ token: old }), await n3.connect({ token: tokenOf(cluster, "other-0") })];
    expect(ada.frames).toEqual([revoked]);
    expect(first.last("bye").code).toBe(4102);
    expect((await n3.connect({ token: tokenOf(cluster, "bob") })).of("welcome")).toHaveLength(1);
  });

  it("reaches a node that missed both the word and the entry within a second", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: tokenOf(cluster, "ada") });
    n2.weather.isDeaf = n2.weather.losesEntries = true;
    const revoking = n1.hub.revoke({ user: "ada" }, "lost phone");
    await cluster.clock.settle();
    expect(client.of("bye")).toEqual([]);
    await cluster.clock.advanceAsync(1_000);
    expect(client.last("bye")).toEqual(revoked);
    expect(await revoking).toEqual({ missing: ["n2"] });
  });

  it("is not lost with the log: who knows it writes it again, for those who come later", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const old = tokenOf(cluster, "ada");
    await n1.hub.revoke({ user: "ada" }, "lost phone");
    await cluster.clock.settle();
    await n2.engine.log.drop("$revocations");
    await cluster.clock.advanceAsync(1_000);
    expect((await n2.connect({ token: old })).frames).toEqual([revoked]);
    await Promise.all([n1.die(), n2.die()]);
    const n3 = await cluster.start("n3");
    expect((await n3.connect({ token: old })).frames).toEqual([revoked]);
  });
});

describe("a revocation", () => {
  it.each([
    ["a token by its jti", { token: "t1" }, { jti: "t1" }, { jti: "t2" }],
    ["a claim", { claim: { name: "sid", value: "s1" } }, { sid: "s1" }, { sid: "s2" }],
    ["a claim that is a number", { claim: { name: "tenant", value: 7 } }, { tenant: 7 }, { tenant: "7" }],
  ] as const)("of %s covers that and nothing else", async (_, target, covered, other) => {
    const { cluster, n1, n2 } = await twoNodes();
    const [ends, stays] = [
      await n2.connect({ token: tokenOf(cluster, "ada", covered) }),
      await n2.connect({ token: tokenOf(cluster, "ada", other) }),
    ];
    await n1.hub.revoke(target);
    await cluster.clock.settle();
    expect([ends.of("bye").length, stays.of("bye").length]).toEqual([1, 0]);
    await cluster.clock.advanceAsync(20_000);
    const again = await n1.connect({ token: tokenOf(cluster, "ada", covered) });
    expect(again.of("welcome")).toHaveLength("token" in target ? 0 : 1); // a token is never good again
  });

  it("of a connection ends that one alone, and its owner may come back", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const [first, second] = [
      await n2.connect({ token: tokenOf(cluster, "ada") }),
      await n2.connect({ token: tokenOf(cluster, "ada") }),
    ];
    await n1.hub.revoke({ connection: "n2-1" });
    await cluster.clock.settle();
    expect([first.of("bye").length, second.of("bye").length]).toEqual([1, 0]);
    expect((await n1.connect({ token: tokenOf(cluster, "ada") })).of("welcome")).toHaveLength(1);
  });

  it("refuses a renewal with a token that it covers, and the session goes on with its own", async () => {
    const { cluster, n1 } = await twoNodes();
    await n1.hub.revoke({ token: "t2" }, "lost phone");
    const client = await n1.connect({ token: tokenOf(cluster, "ada", { jti: "t1" }) });
    await client.say({ t: "auth", r: 1, k: tokenOf(cluster, "ada", { jti: "t2" }) });
    expect(client.last("err")).toMatchObject({ r: 1, code: 204, why: "lost phone" });
    expect(client.of("bye")).toEqual([]);
  });

  it("cannot be overtaken by a hello whose token was checked before it", async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const cluster = openCluster({
      authenticator: {
        authenticate: async (token, peer) => {
          const accepted = await authenticator.authenticate(token, peer);
          await gate;
          return accepted;
        },
      },
    });
    const n1 = await cluster.start("n1");
    const client = await n1.connect({ token: tokenOf(cluster, "ada") });
    await n1.hub.revoke({ user: "ada" }, "lost phone");
    open();
    await cluster.clock.settle();
    expect(client.frames).toEqual([revoked]);
  });

  it("that the store does not take is an error, and nothing was revoked", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const client = await n2.connect({ token: tokenOf(cluster, "ada") });
    n1.weather.isStoreAway = true;
    await expect(n1.hub.revoke({ user: "ada" })).rejects.toMatchObject({ code: "brokerUnavailable" });
    await cluster.clock.settle();
    expect(client.of("bye")).toEqual([]);
  });

  it("of nobody is refused, naming what is wanted; one too many is refused", async () => {
    const { n1 } = await twoNodes();
    await expect(n1.hub.revoke({ user: "" })).rejects.toThrow(/revoke: .*\{ user \}/);
    await expect(n1.hub.revoke({} as never)).rejects.toThrow(/revoke: /);
    const cluster = openCluster({ authenticator, limits: { revocationsMax: 2 } });
    const small = await cluster.start("n1");
    await small.hub.revoke({ user: "a" });
    await small.hub.revoke({ user: "a" });
    await expect(small.hub.revoke({ user: "b" })).rejects.toMatchObject({ code: "overloaded" });
  });
});

describe("a node that cannot tell what was revoked", () => {
  it("takes nobody new after a second, keeps who is there, and takes newcomers again when it knows", async () => {
    const { cluster, n2 } = await twoNodes();
    const there = await n2.connect({ token: tokenOf(cluster, "ada") });
    n2.weather.isStoreAway = true;
    await cluster.clock.advanceAsync(1_500);
    const refused = await n2.connect({ token: tokenOf(cluster, "bob") });
    await cluster.clock.advanceAsync(2_990);
    expect(refused.frames).toEqual([]);
    await cluster.clock.advanceAsync(10);
    const { code, after } = refused.last("bye");
    expect(code).toBe(4004);
    // A client has twelve attempts in a minute.
    expect(after).toBeGreaterThanOrEqual(5_000);
    expect(after).toBeLessThanOrEqual(7_500);
    expect(there.of("bye")).toEqual([]);
    n2.weather.isStoreAway = false;
    await cluster.clock.advanceAsync(1_000);
    expect((await n2.connect({ token: tokenOf(cluster, "bob") })).of("welcome")).toHaveLength(1);
  });

  it("whose store answers slowly lets newcomers wait for an answer, and sends nobody away", async () => {
    const { cluster, n2 } = await twoNodes();
    n2.weather.headsMs = 1_500;
    await cluster.clock.advanceAsync(10_000);
    const bob = await n2.connect({ token: tokenOf(cluster, "bob") });
    await cluster.clock.advanceAsync(1_500);
    expect(bob.frames.map(({ t }) => t)).toEqual(["welcome"]);
  });

  it("whose store answers slowly knows of newcomers what was revoked before they came, and while they wait", async () => {
    const { cluster, n1, n2 } = await twoNodes();
    const tokens = [tokenOf(cluster, "ada"), tokenOf(cluster, "bob")] as const;
    n2.weather.headsMs = 1_500;
    await cluster.clock.advanceAsync(10_000);
    n2.weather.isDeaf = n2.weather.losesEntries = true;
    void n1.hub.revoke({ user: "ada" }, "lost phone");
    await cluster.clock.advanceAsync(1_000);
    const ada = await n2.connect({ token: tokens[0] });
    n2.weather.losesEntries = false;
    const bob = await n2.connect({ token: tokens[1] });
    void n1.hub.revoke({ user: "bob" }, "lost phone");
    await cluster.clock.advanceAsync(3_000);
    expect([ada.frames, bob.frames]).toEqual([[revoked], [revoked]]);
  });

  it("takes them if it was told to, for as long as it was told to", async () => {
    const cluster = openCluster({ authenticator, limits: { revocationStaleMs: 60_000 } });
    const node = await cluster.start("n1");
    await cluster.clock.settle();
    node.weather.isStoreAway = true;
    await cluster.clock.advanceAsync(50_000);
    expect((await node.connect({ token: tokenOf(cluster, "ada") })).of("welcome")).toHaveLength(1);
    await cluster.clock.advanceAsync(11_000);
    const refused = await node.connect({ token: tokenOf(cluster, "ada") });
    await cluster.clock.advanceAsync(3_000);
    expect(refused.last("bye").code).toBe(4004);
  });

  it("lets a hello wait while it reads the log, and then knows", async () => {
    const { cluster, n1 } = await twoNodes();
    await n1.hub.revoke({ user: "ada" }, "lost phone");
    const late = await cluster.start("n3", { isStoreAway: true });
    const ada = await late.connect({ token: tokenOf(cluster, "ada") });
    const bob = await late.connect({ token: tokenOf(cluster, "bob") });
    await cluster.clock.advanceAsync(2_000);
    expect([ada.frames, bob.frames]).toEqual([[], []]);
    late.weather.isStoreAway = false;
    await cluster.clock.advanceAsync(2_000);
    expect([ada.frames, bob.of("welcome").length]).toEqual([[revoked], 1]);
  });
});

describe("the map of revocations", () => {
  it("forgets by age alone, and then forgets the claim, too", () => {
    const clock = new FakeClock(1_000_000);
    const map = new RevocationMap(60_000, () => clock.wallMs());
    const add = (id: string, target: { user: string } | { claim: { name: string; value: string } }): boolean =>
      map.add({ id, target, untilMs: clock.wallMs() + 5_000, why: id }, clock.wallMs());
    expect([add("1", { user: "ada" }), add("1", { user: "ada" })]).toEqual([true, false]);
    clock.advance(30_000);
    add("2", { claim: { name: "sid", value: "s" } });
    const ada = { userId: "ada", claims: {} };
    const session = { userId: "bob", claims: { sid: "s" } };
    expect([map.covering(ada, "c")?.why, map.covering(session, "c")?.why, map.count]).toEqual(["1", "2", 2]);
    clock.advance(30_000);
    expect([map.covering(ada, "c")?.why, map.covering(session, "c")?.why, map.count]).toEqual([undefined, "2", 1]);
    clock.advance(30_000);
    expect([map.covering(session, "c"), map.count, map.all()]).toEqual([undefined, 0, []]);
  });

  it("keeps the later of two about the same, in whatever order they come", () => {
    const map = new RevocationMap(60_000, () => 0);
    map.add({ id: "late", target: { user: "ada" }, untilMs: 9_000, why: "late" }, 0);
    expect(map.add({ id: "early", target: { user: "ada" }, untilMs: 5_000, why: "early" }, 0)).toBe(false);
    expect(map.covering({ userId: "ada", claims: { iat: 8 } }, "c")?.why).toBe("late");
    expect(map.covering({ userId: "ada", claims: { iat: 10 } }, "c")).toBeUndefined();
    expect(map.count).toBe(2);
  });
});
