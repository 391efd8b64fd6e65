import { describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { memoryEngine } from "../memory/index.ts";
import type { Draft, Engine } from "../ports/index.ts";
import { openPolicy, openWorld, pub, sub, type FakeClient } from "../testing/fixture.ts";

/** Few frames and few bytes, so that a test reaches them. */
const few = { framesPerSecond: 10, framesBurst: 20, bytesPerSecond: 10_000, bytesBurst: 20_000 };
const ping = (r: number, op = "list"): object => ({ t: "presence", r, ch: "room/1", op });
const codes = (client: FakeClient): number[] => client.of("err").map(({ code }) => code);

describe("a client that asks too fast", () => {
  it("is told when to come again, keeps its connection, and nobody else notices", async () => {
    const world = await openWorld({ limits: few });
    const [fast, calm] = [await world.connect({ token: "fast" }), await world.connect({ token: "calm" })];
    await calm.say(sub(1));
    for (let n = 1; n <= 30; n++) await fast.say(pub(n, n));
    expect(fast.of("ok").length).toBe(19); // `hello` was the first frame
    expect(fast.last("err")).toMatchObject({ r: 1_030, code: 429, name: "rate_limited", ms: 100 });
    await calm.say(pub(1, "mine", { pn: 0 }));
    expect(calm.last("ok").r).toBe(1_001);
    expect(calm.payloads).toEqual([...Array.from({ length: 19 }, (_, index) => index + 1), "mine"]);
    await world.clock.advanceAsync(1_000);
    await fast.say(pub(20, 20));
    expect([fast.last("ok").r, fast.of("bye"), world.hub.counters.rateRefusals]).toEqual([1_020, [], 11]);
  });

  it("by bytes is refused as well", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    for (let n = 1; n <= 4; n++) await client.say(pub(n, "x".repeat(8_000)));
    expect([client.of("ok").length, codes(client)]).toEqual([3, [429]]);
    expect(client.last("err").ms).toBeGreaterThan(300);
  });

  it("over several connections of one user is refused on all, and another user is not", async () => {
    const world = await openWorld({ limits: { userFramesPerSecond: 10, userFramesBurst: 20 } });
    const [one, two, other] = [
      await world.connect({ token: "u" }),
      await world.connect({ token: "u", pid: "pid-0001" }),
      await world.connect({ token: "v" }),
    ];
    for (let n = 1; n <= 12; n++) for (const client of [one, two, other]) await client.say(pub(n, n));
    expect(codes(one).length + codes(two).length).toBe(6);
    expect(codes(other)).toEqual([]);
    await one.drop();
    const back = await world.connect({ token: "u" });
    await back.say(ping(1));
    expect(codes(back)).toEqual([429]);
  });

  it("with volatile events loses them and is not answered", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    await client.say(sub(1));
    for (let n = 1; n <= 30; n++) await client.say({ t: "pub", ch: "room/1", e: "typing", d: n });
    expect([client.of("m").length, client.of("err")]).toEqual([18, []]);
  });

  it("may still answer, acknowledge, renew its token and end what it has", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    await client.say(sub(1));
    for (let n = 1; n <= 25; n++) await client.say(ping(n));
    await client.ackAll();
    await client.say({ t: "ping" }, { t: "auth", r: 50, k: "u1" }, { t: "unsub", r: 51, ch: "room/1" });
    expect(client.last("pong")).toEqual({ t: "pong" });
    expect(client.of("ok").map(({ r }) => r)).toEqual(expect.arrayContaining([50, 51]));
    await client.say(ping(52));
    expect(client.last("err")).toMatchObject({ r: 52, code: 429 });
  });

  it("with malformed frames is refused for that as well", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    for (let r = 1; r <= 25; r++) await client.say({ t: "sub", r, ch: 7, at: "live" });
    expect([codes(client)[0], codes(client).at(-1)]).toEqual([301, 429]);
  });

  it("and goes on far beyond what it was told is closed with 4029, and may come back", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    for (let r = 1; r <= 250 && client.port.closedWith === undefined; r++) await client.say(ping(r));
    expect(client.last("bye")).toMatchObject({ code: 4029, after: 5_000 });
    expect(codes(client).length).toBe(200);
    expect(world.hub.counters.floods).toBe(1);
    await world.clock.advanceAsync(5_000);
    const back = await world.connect();
    await back.say(ping(1));
    expect(back.last("ok").r).toBe(1);
  });

  it("and comes back on the spot from a flood is sent away for the rest of its time, another user is not", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect({ token: "u" });
    for (let r = 1; r <= 250 && client.port.closedWith === undefined; r++) await client.say(ping(r));
    await world.clock.advanceAsync(2_000);
    const early = await world.connect({ token: "u", greet: false });
    await early.say({ t: "hello", v: 1, pid: "pid-0000", k: "u" });
    expect(early.last("bye")).toMatchObject({ code: 4029, after: 3_000 });
    expect((await world.connect({ token: "v" })).of("welcome").length).toBe(1);
    await world.clock.advanceAsync(3_000);
    expect((await world.connect({ token: "u" })).of("welcome").length).toBe(1);
  });

  it("with frames that are wrong pays five times for each, and for those that are right once", async () => {
    const world = await openWorld({ limits: { ...few, framesBurst: 100 } });
    const [wrong, right] = [await world.connect({ token: "a" }), await world.connect({ token: "b" })];
    for (let r = 1; r <= 30; r++) await wrong.say({ t: "sub", r, ch: "$all", at: "live" });
    for (let r = 1; r <= 30; r++) await right.say(ping(r));
    expect([codes(wrong).filter((code) => code === 302).length, codes(right)]).toEqual([20, []]);
  });

  it("to one channel together is refused there, each of them, and nowhere else", async () => {
    const world = await openWorld({ limits: { channelPublishesPerSecond: 10, channelPublishesBurst: 20 } });
    const clients = [await world.connect({ token: "a" }), await world.connect({ token: "b" })];
    for (let n = 1; n <= 12; n++) for (const client of clients) await client.say(pub(n, n, { pn: 0 }));
    const refused = clients.flatMap((client) => client.of("err"));
    expect(refused.map(({ code, ms }) => [code, ms])).toEqual(Array.from({ length: 4 }, () => [429, 100]));
    for (const client of clients) await client.say(pub(20, 1, { ch: "room/2", pn: 0 }));
    expect(clients.map((client) => client.last("ok").r)).toEqual([1_020, 1_020]);
    await world.clock.advanceAsync(1_000);
    await clients[0]?.say(pub(21, 21, { pn: 0 }));
    expect(clients[0]?.last("ok").r).toBe(1_021);
  });

  it("at twice the limit for a minute is never closed", async () => {
    const world = await openWorld({ limits: few });
    const client = await world.connect();
    for (let n = 1; n <= 1_200; n++) {
      await client.say(ping(n));
      await world.clock.advanceAsync(50);
      if (n % 100 === 0) await client.ackAll();
    }
    expect(client.of("bye")).toEqual([]);
    expect(client.of("ok").length).toBeGreaterThanOrEqual(600);
  });

  it("by subscribing and unsubscribing is refused the next subscription", async () => {
    const world = await openWorld({ limits: { subscriptionsPerSecond: 2, subscriptionsBurst: 5 } });
    const client = await world.connect({
      hello: { subs: [1, 2].map((r) => ({ r, ch: `room/a${r}`, at: "live" })) },
    });
    for (let n = 1; n <= 4; n++) {
      await client.say(sub(10 * n));
      await client.say({ t: "unsub", r: 10 * n + 1, ch: "room/1" });
    }
    expect(client.of("err").find(({ code }) => code === 429)).toMatchObject({ r: 40, ms: 500 });
    await world.clock.advanceAsync(500);
    await client.say(sub(60));
    expect(client.last("subd").r).toBe(60);
  });
});

describe("a node whose store answers late", () => {
  it("refuses further publishes with 103 until answers come", async () => {
    const clock = new FakeClock();
    const engine = memoryEngine({ node: "n1" });
    const late: Engine = {
      name: engine.name,
      traits: engine.traits,
      get bus() {
        return engine.bus;
      },
      get registry() {
        return engine.registry;
      },
      get log() {
        const { log } = engine;
        return {
          append: async (channel: string, draft: Draft) => {
            await new Promise<void>((resolve) => void clock.after(100, resolve));
            return log.append(channel, draft);
          },
          attach: log.attach.bind(log),
          read: log.read.bind(log),
          heads: log.heads.bind(log),
          drop: log.drop.bind(log),
        };
      },
      start: (env) => engine.start(env),
      stop: () => engine.stop(),
    };
    const world = await openWorld({ engine: late, clock, limits: { appendsMin: 2, appendsMax: 2 } });
    const client = await world.connect();
    await client.say(pub(1, 1), pub(2, 2, { ch: "room/2", pn: 0 }));
    await client.say(pub(3, 3, { ch: "room/3", pn: 0 }));
    expect(client.last("err")).toMatchObject({ r: 1_003, code: 103, ms: 50 });
    await world.clock.advanceAsync(100);
    await client.say(pub(3, 3, { ch: "room/3", pn: 0 }));
    await world.clock.advanceAsync(100);
    expect(client.of("ok").map(({ r }) => r)).toEqual([1_001, 1_002, 1_003]);
    expect(world.hub.counters.admissionRefusals).toBe(1);
  });
});

describe("a node short of memory", () => {
  async function tightWorld() {
    const memory = { share: 0, usedShare: () => memory.share };
    const world = await openWorld({
      memory,
      limits: { queueBytes: 16_384, ringsBytes: 40_000 },
      channels: { room: openPolicy({ keep: { entries: 1_000, ageMs: 1e9 } }) },
    });
    const become = async (share: number): Promise<void> => {
      memory.share = share;
      await world.clock.advanceAsync(1_000);
    };
    return { world, become };
  }

  it("lets go of what it keeps warm, and loses nothing by that", async () => {
    const { world, become } = await tightWorld();
    const client = await world.connect();
    for (let n = 1; n <= 10; n++) await client.say(pub(n, "x".repeat(2_000)));
    const late = await world.connect();
    await become(0.72);
    expect([world.hub.memoryLevel, world.hub.takesNewcomers]).toEqual(["tight", true]);
    const before = world.hub.counters.storeReads;
    await late.say({ t: "sub", r: 1, ch: "room/1", at: ["last", 10] });
    await world.clock.advanceAsync(2_000);
    expect(late.payloads.length).toBe(10);
    expect(world.hub.counters.storeReads - before).toBeGreaterThan(1);
    await become(0.1);
    expect(world.hub.counters.memoryLevels).toMatchObject({ tight: 1, calm: 1 });
  });

  it("takes nobody new, and those again when it has recovered", async () => {
    const { world, become } = await tightWorld();
    const old = await world.connect();
    await become(0.86);
    const refused = await world.connect();
    expect(refused.last("bye")).toMatchObject({ code: 4004, after: 5_000 });
    await old.say(pub(1, 1));
    expect(old.last("ok").r).toBe(1_001);
    await become(0.83); // it hovers
    expect(world.hub.takesNewcomers).toBe(false);
    await become(0.5);
    expect((await world.connect()).last("welcome").u).toBe("u1");
  });

  it("drops volatile events and closes those who are behind, and they alone", async () => {
    const { world, become } = await tightWorld();
    const [quick, slow] = [await world.connect(), await world.connect()];
    for (const client of [quick, slow]) await client.say(sub(1));
    slow.port.isFrozen = true;
    for (let n = 1; n <= 12; n++) await quick.say(pub(n, "x".repeat(3_000)));
    await become(0.96);
    expect([world.hub.memoryLevel, slow.port.closedWith]).toEqual(["critical", 4004]);
    await quick.say({ t: "pub", r: 90, ch: "room/1", e: "typing", d: "?" }, pub(13, "durable"));
    expect([quick.payloads.at(-1), quick.of("bye")]).toEqual(["durable", []]);
    expect(quick.payloads).not.toContain("?");
    expect(world.hub.counters).toMatchObject({ memoryCloses: 1, volatileDrops: 1 });
  });
});
