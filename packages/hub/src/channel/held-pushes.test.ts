// A channel with `flushMs`: what live subscribers get, when, and what must not wait.

import { describe, expect, it } from "vitest";
import { openPolicy, openWorld, pub, sub, type FakeClient, type World } from "../testing/fixture.ts";
import type { ChannelPolicy } from "../ports/index.ts";

const flushMs = 50;

async function open(policy: Partial<ChannelPolicy> = {}, queueBytes = 262_144) {
  const held = openPolicy({ flushMs, ...policy });
  const world = await openWorld({
    channels: { room: held, other: held, plain: openPolicy() },
    limits: { queueBytes },
  });
  // Not at one of the times at which held entries leave.
  await world.clock.advanceAsync(flushMs - (world.clock.monotonicMs() % flushMs) + 10);
  const write = async (value: unknown, channel = "room/1", key?: string): Promise<void> => {
    await world.hub.publish(channel, { event: "message", json: JSON.stringify(value), ...(key ? { key } : {}) });
    await world.settle();
  };
  const flush = (): Promise<void> => world.clock.advanceAsync(flushMs);
  return { world, write, flush };
}

/** Subscribed, and live. */
async function subscriber(world: World, over: object = {}, channels = ["room/1"]): Promise<FakeClient> {
  const client = await world.connect();
  for (const [index, ch] of channels.entries()) await client.say(sub(index + 1, "live", { ch, ...over }));
  return client;
}

describe("a channel with flushMs", () => {
  it("lets entries wait for each other, and answers at once", async () => {
    const { world, write, flush } = await open();
    const client = await subscriber(world);
    await client.say(pub(1, "a"));
    expect(client.last("ok").p?.[1]).toBe(1);
    await world.clock.advanceAsync(10);
    await write("b");
    expect(client.payloads).toEqual([]);
    await flush();
    expect(client.payloads).toEqual(["a", "b"]);
  });

  it("lets nothing wait longer than that", async () => {
    const { world, write } = await open();
    const client = await subscriber(world);
    await write("a");
    await world.clock.advanceAsync(flushMs);
    expect(client.payloads).toEqual(["a"]);
    await world.clock.advanceAsync(10 * flushMs);
    await write("b");
    await world.clock.advanceAsync(flushMs);
    expect(client.payloads).toEqual(["a", "b"]);
  });

  it("lets go at the same moment as the others, so that a connection has one write", async () => {
    const { world, write } = await open();
    const client = await subscriber(world, {}, ["room/1", "other/1"]);
    await write("a");
    await world.clock.advanceAsync(25);
    await write("b", "other/1");
    const counts: number[] = [];
    for (let ms = 0; ms < flushMs; ms++) {
      await world.clock.advanceAsync(1);
      counts.push(client.payloads.length);
    }
    expect(new Set(counts)).toEqual(new Set([0, 2]));
  });

  it("delays no other channel", async () => {
    const { world, write, flush } = await open();
    const client = await subscriber(world, {}, ["room/1", "plain/1"]);
    await write("held");
    await write("plain", "plain/1");
    expect(client.payloads).toEqual(["plain"]);
    await flush();
    expect(client.payloads).toEqual(["plain", "held"]);
  });

  it("gives who joins meanwhile what comes after it, and the others all, each entry once", async () => {
    const { world, write, flush } = await open();
    const early = await subscriber(world);
    await write("a");
    const late = await subscriber(world);
    await write("b");
    await flush();
    expect(early.payloads).toEqual(["a", "b"]);
    expect(late.payloads).toEqual(["b"]);
    expect(late.last("subd").p?.[1]).toBe(1);
  });

  it("gives who leaves and resumes meanwhile every entry once", async () => {
    const { world, write, flush } = await open();
    const client = await subscriber(world);
    const at = client.last("subd").p ?? [];
    await write("a");
    await client.say({ t: "unsub", r: 8, ch: "room/1" }, sub(9, ["pos", ...at]));
    await write("b");
    await flush();
    expect(client.payloads).toEqual(["a", "b"]);
  });

  it("holds no more than a slice, and no order is lost", async () => {
    const { world, write } = await open();
    const client = await subscriber(world);
    const values = Array.from({ length: 5 }, (_, n) => `${n}${"x".repeat(20_000)}`);
    for (const value of values) {
      await write(value);
      await client.ackAll();
    }
    expect(client.payloads).toEqual(values.slice(0, 4));
    await world.clock.advanceAsync(flushMs);
    expect(client.payloads).toEqual(values);
  });

  it("holds volatile events too", async () => {
    const { world, flush } = await open();
    const client = await subscriber(world);
    world.hub.publishVolatile("room/1", { event: "typing", json: "1" });
    await world.settle();
    expect(client.payloads).toEqual([]);
    await flush();
    expect(client.payloads).toEqual([1]);
  });

  it("turns who has no room to lagging when it is pushed, and leaves nothing out", async () => {
    const { world, write, flush } = await open({}, 16_384);
    const client = await subscriber(world);
    client.port.isFrozen = true;
    const values = Array.from({ length: 12 }, (_, n) => `${n}${"x".repeat(3_000)}`);
    for (const value of values) {
      await write(value);
      await flush();
    }
    expect(client.of("st").map(({ s }) => s)).toEqual(["lagging"]);
    client.port.thaw();
    for (let round = 0; round < 10; round++) {
      await client.ackAll();
      await world.clock.advanceAsync(200);
    }
    expect(client.payloads).toEqual(values);
    expect(client.of("gap")).toEqual([]);
    expect(client.of("st").map(({ s }) => s)).toEqual(["lagging", "live"]);
  });

  it("comes before everyMs: the newest of each key, once", async () => {
    const { world, write, flush } = await open({ mode: "key", everyMs: 100 });
    const client = await subscriber(world);
    await write(1, "room/1", "a");
    await write(2, "room/1", "a");
    expect(client.payloads).toEqual([]);
    await flush();
    expect(client.payloads).toEqual([2]);
    await write(3, "room/1", "b");
    await flush();
    expect(client.payloads).toEqual([2]);
    await world.clock.advanceAsync(100);
    expect(client.payloads).toEqual([2, 3]);
  });
});
