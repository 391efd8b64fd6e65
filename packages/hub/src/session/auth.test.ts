import { describe, expect, it } from "vitest";
import type { Action, Actor, ChannelPolicy } from "../ports/index.ts";
import { openPolicy, openWorld, pub, sub, type FakeClient, type World } from "../testing/fixture.ts";

const dayMs = 86_400_000;

/** Allows all to whoever has the claim `role: "member"`, and `subscribe` besides to `role: "reader"`. */
const memberRights = (action: Action, { claims }: Actor): boolean =>
  claims["role"] === "member" || (claims["role"] === "reader" && action === "subscribe");

const membersOnly = (over: Partial<ChannelPolicy> = {}): ChannelPolicy =>
  openPolicy({ authorize: memberRights, ...over });

/** A promise a test resolves. */
function gate(): { readonly passed: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

describe("a token's life", () => {
  async function withLife(lifeMs: number): Promise<{ world: World; client: FakeClient; expiresAtMs: number }> {
    const world = await openWorld();
    const expiresAtMs = world.clock.wallMs() + lifeMs;
    return { world, client: await world.connect({ token: `u1:${expiresAtMs}` }), expiresAtMs };
  }

  it("nine tenths over makes the server ask for the next one, once", async () => {
    const { world, client, expiresAtMs } = await withLife(40_000);
    await world.clock.advanceAsync(35_999);
    expect(client.of("reauth")).toEqual([]);
    await world.clock.advanceAsync(1);
    expect(client.of("reauth")).toEqual([
      { t: "reauth", exp: Math.floor(expiresAtMs / 1_000), why: expect.any(String) as string },
    ]);
    await world.clock.advanceAsync(30_000);
    expect(client.of("reauth")).toHaveLength(1);
    expect(client.of("bye")).toEqual([]);
  });

  it("ends the session with 4100 thirty seconds past its end, not earlier", async () => {
    const { world, client } = await withLife(20_000);
    await world.clock.advanceAsync(49_999);
    expect(client.of("bye")).toEqual([]);
    await world.clock.advanceAsync(1);
    expect(client.last("bye")).toMatchObject({ code: 4100 });
  });

  it("begins anew with a fresh token, also when that one comes in the grace", async () => {
    const { world, client, expiresAtMs } = await withLife(20_000);
    await world.clock.advanceAsync(40_000);
    const nextMs = expiresAtMs + 100_000;
    await client.say({ t: "auth", r: 1, k: `u1:${nextMs}` });
    expect(client.last("ok")).toMatchObject({ r: 1, exp: Math.floor(nextMs / 1_000) });
    await client.say({ t: "pong" });
    await world.clock.advanceAsync(20_000);
    expect(client.of("bye")).toEqual([]);
    expect(client.of("reauth")).toHaveLength(1);
  });

  it("may be longer than any timer", async () => {
    const { world, client } = await withLife(100 * dayMs);
    world.clock.jumpWall(95 * dayMs); // as a timer does that fires after 25 days at the latest
    await world.clock.advanceAsync(20_000);
    expect(client.of("bye")).toEqual([]);
  });

  it("is not shortened by a token that is refused", async () => {
    const { world, client } = await withLife(20_000);
    for (const [r, k, code] of [
      [1, "bad", 202],
      [2, "old", 205],
    ] as const) {
      await client.say({ t: "auth", r, k });
      expect(client.last("err")).toMatchObject({ r, code });
    }
    await world.clock.advanceAsync(49_000);
    expect(client.of("bye")).toEqual([]);
    await world.clock.advanceAsync(1_000);
    expect(client.last("bye").code).toBe(4100);
  });
});

describe("a fresh token", () => {
  it("of another user is refused with 206 and ends the connection with 4401", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say({ t: "auth", r: 1, k: "u2" });
    expect(client.last("err")).toMatchObject({ r: 1, code: 206 });
    expect(client.last("bye").code).toBe(4401);
  });

  it("is one of few: more at once than are checked are refused with 103, and the last one accepted counts", async () => {
    const world = await openWorld({ channels: { room: membersOnly() } });
    const client = await world.connect();
    const roles = ["member", "member", "member", "reader", "member"];
    await client.say(...roles.map((role, index) => ({ t: "auth", r: index + 1, k: `u1::${role}` })));
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([[5, 103]]);
    expect(client.of("ok").map(({ r }) => r)).toEqual([1, 2, 3, 4]);
    await client.say(sub(6), pub(1, "a"));
    expect(client.last("subd").r).toBe(6);
    expect(client.last("err")).toMatchObject({ r: 1001, code: 203 });
  });
});

describe("other claims", () => {
  it("end the subscriptions and the presence they no longer allow, and no others", async () => {
    const world = await openWorld({ channels: { room: membersOnly(), open: openPolicy() } });
    const client = await world.connect({ token: "u1::member" });
    const guest = await world.connect({ token: "u2::member", pid: "pid-guest" });
    await guest.say(sub(1, "live", { pr: 1 }));
    await client.say(sub(1), sub(2, "live", { ch: "room/2", pr: 1 }), sub(3, "live", { ch: "open/1" }));
    await client.say({ t: "presence", r: 4, ch: "room/1", op: "enter", ver: 1 });
    await client.say({ t: "presence", r: 5, ch: "open/1", op: "enter", ver: 1 });
    await world.clock.advanceAsync(100);
    expect(await world.hub.members("room/1")).toHaveLength(1);
    const before = world.clock.monotonicMs();
    await client.say({ t: "auth", r: 6, k: "u1::reader" });
    expect(world.clock.monotonicMs()).toBe(before);
    const alias = client.of("subd").find(({ ch }) => ch === "room/2")?.c;
    expect(client.of("unsubd")).toEqual([{ t: "unsubd", c: alias, code: 203, why: expect.any(String) as string }]);
    expect(await world.hub.members("room/1")).toEqual([]);
    expect(await world.hub.members("open/1")).toHaveLength(1);
    await world.clock.advanceAsync(100);
    expect(guest.last("pd")).toMatchObject({ del: [client.last("welcome").x], n: 0 });
  });

  it("of which the application says nothing for a second end the subscription until it is asked for again", async () => {
    let isSilent = false;
    const policy = openPolicy({ authorize: () => (isSilent ? new Promise<boolean>(() => {}) : true) });
    const world = await openWorld({ channels: { room: policy } });
    const client = await world.connect({ token: "u1::member" });
    await client.say(sub(1));
    isSilent = true;
    await client.say({ t: "auth", r: 2, k: "u1::reader" });
    await world.clock.advanceAsync(999);
    expect(client.of("unsubd")).toEqual([]);
    await world.clock.advanceAsync(1);
    expect(client.last("unsubd")).toMatchObject({ code: 103, ms: 1_000 });
  });

  it("that are the same but for what the token says of itself ask nobody again", async () => {
    let askedCount = 0;
    const policy = openPolicy({ authorize: () => (askedCount++, true) });
    const world = await openWorld({ channels: { room: policy } });
    const client = await world.connect({ token: "u1::member" });
    await client.say(sub(1));
    const before = askedCount;
    await client.say({ t: "auth", r: 2, k: `u1:${world.clock.wallMs() + dayMs}:member` });
    expect(client.last("ok").r).toBe(2);
    expect(askedCount).toBe(before);
  });
});

describe("a command that waits while the claims change", () => {
  it("subscribes to nothing the new ones forbid", async () => {
    const snapshot = gate();
    const load = async (): Promise<{ json: string }> => {
      await snapshot.passed;
      return { json: "1" };
    };
    const world = await openWorld({ channels: { room: membersOnly({ snapshot: { shared: true, load } }) } });
    const client = await world.connect({ token: "u1::member" });
    await client.say(sub(1, "snap"));
    await client.say({ t: "auth", r: 2, k: "u1::reader" });
    snapshot.open();
    await world.settle();
    expect(client.of("subd")).toEqual([]);
    expect(client.last("err")).toMatchObject({ r: 1, code: 203 });
  });

  it("stores nothing the new ones forbid, and runs the hook once", async () => {
    const hook = gate();
    let hookCount = 0;
    const prepare: ChannelPolicy["prepare"] = async (_event, value) => {
      hookCount++;
      await hook.passed;
      return { is: "ok", json: JSON.stringify(value) };
    };
    const world = await openWorld({ channels: { room: membersOnly({ prepare }) } });
    const client = await world.connect({ token: "u1::member" });
    await client.say(sub(1), pub(1, "late"), { t: "pub", r: 7, ch: "room/1", e: "typing", d: 1 });
    await client.say({ t: "auth", r: 2, k: "u1::reader" });
    hook.open();
    await world.settle();
    expect(client.payloads).toEqual([]);
    expect(
      client
        .of("err")
        .map(({ r, code }) => [r, code])
        .sort(),
    ).toEqual([
      [1001, 203],
      [7, 203],
    ]);
    expect(hookCount).toBe(2);
  });

  it("enters no channel the new ones forbid", async () => {
    const check = gate();
    const prepareMember: ChannelPolicy["prepareMember"] = async () => {
      await check.passed;
      return { is: "ok", json: "null" };
    };
    const world = await openWorld({ channels: { room: membersOnly({ prepareMember }) } });
    const client = await world.connect({ token: "u1::member" });
    await client.say({ t: "presence", r: 1, ch: "room/1", op: "enter", ver: 1 });
    await client.say({ t: "auth", r: 2, k: "u1::reader" });
    check.open();
    await world.settle();
    expect(client.last("err")).toMatchObject({ r: 1, code: 203 });
    expect(await world.hub.members("room/1")).toEqual([]);
  });
});
