import { wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import type { CallContext, CallOutcome } from "../ports/index.ts";
import { openWorld, type FakeClient, type World } from "../testing/fixture.ts";

/** A handler that takes a value whenever the test says so, and what it saw. */
function taking(limit = Infinity) {
  const seen = { values: [] as unknown[], failure: undefined as unknown, isDone: false };
  const waits: (() => void)[] = [];
  let allowed = 0;
  const run = async (_value: unknown, { input }: CallContext): Promise<CallOutcome> => {
    try {
      for await (const value of input as AsyncIterable<unknown>) {
        seen.values.push(value);
        if (seen.values.length >= limit) break;
        while (seen.values.length >= allowed) await new Promise<void>((resolve) => void waits.push(resolve));
      }
      seen.isDone = true;
    } catch (error) {
      seen.failure = error;
      throw error;
    }
    return { is: "ok", json: JSON.stringify(seen.values.length) };
  };
  const allow = (count: number): void => {
    allowed = count;
    for (const go of waits.splice(0)) go();
  };
  return { seen, allow, operation: { isInputStream: true, run } };
}

const part = (d?: unknown, r: number | string = 7): object =>
  d === undefined ? { t: "part", r } : { t: "part", r, d };
const taken = (client: FakeClient): unknown[] => client.of("part").map(({ n }) => n);

async function rest(world: World): Promise<void> {
  for (let round = 0; round < 100; round++) await world.settle();
}

async function calling(limits = {}, limit = Infinity) {
  const handler = taking(limit);
  const world = await openWorld({ operations: { load: handler.operation }, limits });
  const client = await world.connect();
  await client.say({ t: "call", r: 7, op: "load" });
  return { ...handler, world, client };
}

describe("a stream of input", () => {
  it("is asked for when the call begins, taken in order, and answered when the handler returns", async () => {
    const { seen, allow, client } = await calling();
    expect(client.of("part")).toEqual([{ t: "part", r: 7, n: 0 }]);
    allow(Infinity);
    await client.say(part("a"), part(null), part("b"), part());
    expect(seen.values).toEqual(["a", null, "b"]);
    expect(client.last("ok")).toMatchObject({ r: 7, d: 3 });
  });

  it("is held up to a window while the handler takes nothing, and goes on as it takes", async () => {
    const { seen, allow, world, client } = await calling();
    const d = "x".repeat(20_000);
    await client.say(part(d), part(d), part(d), part(d));
    expect([seen.values.length, client.port.closedWith]).toEqual([1, undefined]);
    allow(3);
    await rest(world);
    expect(seen.values).toHaveLength(3);
    expect(taken(client).at(-1)).toBeGreaterThanOrEqual(2);
    allow(Infinity);
    await client.say(part(d), part());
    await rest(world);
    expect(client.last("ok")).toMatchObject({ d: 5 });
    expect(world.hub.counters.rateRefusals).toBe(0);
  });

  it("of more than was asked for ends the connection of whoever sends it", async () => {
    const { client } = await calling();
    const d = "x".repeat(wireLimits.frameBytes / 2);
    await client.say(part(d), part(d), part(d), part(d));
    expect(client.port.closedWith).toBe(4400);
  });

  it("that the handler leaves is stopped, and what was on its way is dropped", async () => {
    const { seen, client } = await calling({}, 1);
    await client.say(part("a"), part("b"), part("c"));
    expect(client.of("part").at(-1)).toMatchObject({ r: 7, stop: 1 });
    expect([seen.values, seen.isDone]).toEqual([["a"], true]);
    expect(client.last("ok")).toMatchObject({ r: 7, d: 1 });
    await client.say(part("d"), part());
    expect(client.port.closedWith).toBeUndefined();
  });

  it.each([
    ["a cancel", "cancelled", (client: FakeClient) => client.say({ t: "cancel", r: 7 })],
    ["the end of the connection", "the connection ended", (client: FakeClient) => client.drop()],
  ])("throws in the handler that waits for it, after %s", async (_, message, end) => {
    const { seen, world, client } = await calling();
    await end(client);
    await rest(world);
    expect(seen.failure).toMatchObject({ code: "cancelled", message });
  });

  it("throws at the deadline the client gave", async () => {
    const { seen, operation } = taking();
    const world = await openWorld({ operations: { load: operation } });
    const client = await world.connect();
    await client.say({ t: "call", r: 7, op: "load", ms: 1_000 });
    await world.clock.advanceAsync(1_000);
    expect(client.last("err")).toMatchObject({ r: 7, code: 309 });
    await rest(world);
    expect(seen.failure).toMatchObject({ code: "cancelled" });
  });

  it("is not asked to go on before its client may send more", async () => {
    const { allow, world, client } = await calling({ bytesPerSecond: 10_000, bytesBurst: 10_000 });
    allow(Infinity);
    await client.say(part("x".repeat(20_000)));
    await rest(world);
    expect(taken(client)).toEqual([0]);
    await world.clock.advanceAsync(3_000);
    expect(taken(client)).toEqual([0, 1]);
  });

  it("counts as a stream, and takes no value in the call itself", async () => {
    const { world, client } = await calling({ streamsMax: 1 });
    await client.say({ t: "call", r: 8, op: "load" }, { t: "call", r: 9, op: "load", d: 1 });
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([
      [8, 103],
      [9, 301],
    ]);
    await client.say({ t: "cancel", r: 7 });
    await rest(world);
    await client.say({ t: "call", r: 8, op: "load" });
    expect(client.of("part").at(-1)).toEqual({ t: "part", r: 8, n: 0 });
  });

  it("and one of output run beside each other", async () => {
    const run = async (_value: unknown, { input }: CallContext): Promise<CallOutcome> => {
      async function* doubled() {
        for await (const value of input as AsyncIterable<number>) yield JSON.stringify(2 * value);
      }
      return { is: "stream", values: doubled() };
    };
    const world = await openWorld({ operations: { double: { isStream: true, isInputStream: true, run } } });
    const client = await world.connect();
    await client.say({ t: "call", r: 7, op: "double", w: 65_536 });
    await client.say(part(1), part(2));
    await rest(world);
    expect(client.of("part").filter(({ d }) => d !== undefined)).toMatchObject([{ d: 2 }, { d: 4 }]);
    await client.say(part());
    await rest(world);
    expect(client.last("ok")).toEqual({ t: "ok", r: 7 });
  });
});

describe("a stream of answers to an ask", () => {
  async function asking(limits = {}) {
    const world = await openWorld({ limits });
    const client = await world.connect();
    const { id } = client.last("welcome");
    const stream = world.hub.askConnectionStream(id, { op: "list", json: '"q"', timeoutMs: 5_000, signal: undefined });
    const values = stream[Symbol.asyncIterator]();
    await world.settle();
    return { world, client, values, r: client.last("ask").r };
  }

  it("says how much is taken ahead, gives parts in order and ends with the reply", async () => {
    const { client, values, r } = await asking();
    expect(client.last("ask")).toMatchObject({ op: "list", d: "q", w: wireLimits.streamWindowCost });
    await client.say(part(1, r), part(2, r), { t: "reply", r });
    expect([await values.next(), await values.next(), await values.next()]).toMatchObject([
      { value: 1 },
      { value: 2 },
      { done: true },
    ]);
  });

  it("tells the client what was taken", async () => {
    const { world, client, values, r } = await asking();
    await client.say(part(1, r));
    await values.next();
    await world.settle();
    expect(client.last("part")).toEqual({ t: "part", r, n: 1 });
  });

  it("throws what the client refuses with", async () => {
    const { client, values, r } = await asking();
    await client.say(part(1, r), { t: "reply", r, err: { code: 302, why: "nobody" } });
    await expect(values.next()).rejects.toMatchObject({ code: "unknownName" });
  });

  it.each([
    ["its deadline", "cancelled", ({ world }: { world: World }) => world.clock.advanceAsync(5_000)],
    ["the end of the connection", "brokerUnavailable", ({ client }: { client: FakeClient }) => client.drop()],
  ])("throws at %s", async (_, code, end) => {
    const scene = await asking();
    const next = scene.values.next();
    next.catch(() => "looked at below");
    await end(scene);
    await expect(next).rejects.toMatchObject({ code });
  });

  it("that is left is cancelled at the client", async () => {
    const { world, client, values, r } = await asking();
    await client.say(part(1, r));
    await values.next();
    await values.return?.();
    await world.settle();
    expect(client.last("cancel")).toEqual({ t: "cancel", r });
    await client.say(part(2, r), { t: "reply", r });
    expect(client.port.closedWith).toBeUndefined();
  });

  it("takes parts from the session it asked alone", async () => {
    const { world, values, client, r } = await asking();
    const other = await world.connect({ token: "u2", pid: "pid-0002" });
    await other.say(part("forged", r));
    await client.say(part("real", r));
    expect(await values.next()).toMatchObject({ value: "real" });
  });
});
