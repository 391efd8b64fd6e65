import { describe, expect, it } from "vitest";
import { MemoryStore, memoryEngine } from "./memory/index.ts";
import { openPolicy, openWorld, pub, sub } from "./testing/fixture.ts";

describe("a session", () => {
  it("is welcomed, subscribes, publishes and receives its own message before the ok", async () => {
    const world = await openWorld();
    const client = await world.connect();
    expect(client.last("welcome")).toMatchObject({
      id: "n1-1",
      node: "n1",
      u: "u1",
      g: { log: "memory", fork: "never" },
    });
    await client.say(sub(1));
    expect(client.last("subd")).toMatchObject({ r: 1, ch: "room/1", rec: "none", m: "resume" });
    await client.say(pub(1, { text: "hi" }));
    const [message] = client.of("m");
    expect(message).toMatchObject({ o: 1, e: "message", d: { text: "hi" }, u: "u1" });
    expect(client.last("ok")).toMatchObject({ r: 1001, p: [client.last("subd").p?.[0], 1, message?.g] });
    expect(client.frames.map(({ t }) => t)).toEqual(["welcome", "subd", "m", "ok"]);
  });

  it("resumes from what it carries, without a gap and without a duplicate", async () => {
    const world = await openWorld();
    const writer = await world.connect({ token: "w" });
    const first = await world.connect();
    await first.say(sub(1));
    await writer.say(pub(1, 1), pub(2, 2));
    const seen = first.of("m").at(-1);
    const epoch = first.last("subd").p?.[0];
    await first.drop();
    await writer.say(pub(3, 3), pub(4, 4));
    const second = await world.connect();
    await second.say(sub(1, ["pos", epoch, seen?.o, seen?.g]));
    await world.settle();
    expect(second.last("subd").rec).toBe("full");
    expect(second.payloads).toEqual([3, 4]);
    expect(second.last("live").p[1]).toBe(4);
    await writer.say(pub(5, 5));
    expect(second.payloads).toEqual([3, 4, 5]);
  });

  it("says expired, from where to where, when the past was trimmed", async () => {
    const world = await openWorld({ channels: { room: openPolicy({ keep: { entries: 3, ageMs: 1e9 } }) } });
    const client = await world.connect();
    await client.say(sub(1));
    const start = client.last("subd").p;
    await client.drop();
    const writer = await world.connect({ token: "w" });
    for (let n = 1; n <= 6; n++) await writer.say(pub(n, n));
    const back = await world.connect();
    await back.say(sub(1, ["pos", ...(start ?? [])]));
    await world.settle();
    expect(back.last("subd")).toMatchObject({
      rec: "gap",
      gap: { why: "expired", from: start },
      p: [start?.[0], 3, expect.any(Number)],
    });
    expect(back.payloads).toEqual([4, 5, 6]);
  });

  it("says epoch when the log was lost, and fork when the tail is another", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say(pub(1, 1), sub(1, ["pos", "lost", 5, 77]));
    expect(client.last("subd")).toMatchObject({ rec: "gap", gap: { why: "epoch" } });
    const epoch = client.last("subd").p?.[0];
    await client.say({ t: "unsub", r: 2, ch: "room/1" }, sub(3, ["pos", epoch, 1, 12345]));
    expect(client.last("subd")).toMatchObject({ r: 3, rec: "gap", gap: { why: "fork" } });
  });

  it("accepts a repeated publish once, refuses a skipped predecessor and a reused number", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say(pub(1, "a"), pub(1, "a"));
    expect(client.of("ok").map(({ dup }) => dup)).toEqual([undefined, 1]);
    await client.say(pub(3, "c", { pn: 2 }));
    expect(client.last("err")).toMatchObject({ r: 1003, code: 104 });
    await client.say(pub(1, "other"));
    expect(client.last("err")).toMatchObject({ code: 305 });
    expect(world.hub.counters).toMatchObject({ publishes: 1, duplicates: 1 });
  });

  it("lags when its window is shut and catches up without loss when it acknowledges", async () => {
    const world = await openWorld({
      channels: { room: openPolicy({ keep: { entries: 10_000, ageMs: 1e9 } }) },
      limits: { windowCost: 65_536 },
    });
    const writer = await world.connect({ token: "w" });
    const slow = await world.connect();
    await slow.say(sub(1));
    const text = "x".repeat(1_000);
    for (let n = 1; n <= 200; n++) await writer.say(pub(n, { n, text }));
    expect(world.hub.counters.laggings).toBeGreaterThan(0);
    expect(slow.payloads.length).toBeLessThan(70);
    for (let round = 0; round < 20; round++) {
      await slow.ackAll();
      await world.clock.advanceAsync(10);
    }
    expect(slow.payloads.map((payload) => (payload as { n: number }).n)).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
    expect(slow.of("gap")).toEqual([]);
  });

  it("goes on where it was after a crash of the hub when the store is kept, and says epoch when it is not", async () => {
    const store = new MemoryStore();
    const before = await openWorld({ engine: memoryEngine({ store, node: "n1" }) });
    const client = await before.connect();
    await client.say(sub(1));
    await client.say(pub(1, 1));
    const { o, g } = client.last("m");
    const epoch = client.last("subd").p?.[0];
    const kept = await openWorld({ engine: memoryEngine({ store, node: "n2" }), seed: 2 });
    const resumed = await kept.connect();
    await resumed.say(sub(1, ["pos", epoch, o, g]));
    await resumed.say(pub(2, 2));
    expect(resumed.last("subd").rec).toBe("full");
    expect(resumed.payloads).toEqual([2]);
    const fresh = await openWorld({ seed: 3 });
    const told = await fresh.connect();
    await told.say(sub(1, ["pos", epoch, o, g]));
    expect(told.last("subd")).toMatchObject({ rec: "gap", gap: { why: "epoch" } });
  });
});
