import { wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { HubError } from "../hub-error.ts";
import type { CallOutcome } from "../ports/index.ts";
import { openWorld, pub, sub, type FakeClient, type World } from "../testing/fixture.ts";

/** A stream that counts, and what became of it. */
function counting(countMax = Infinity, pad = "") {
  const seen = { pulledCount: 0, endedCount: 0, why: undefined as unknown };
  async function* values(signal: AbortSignal): AsyncGenerator<string> {
    try {
      while (seen.pulledCount < countMax) yield JSON.stringify(`${++seen.pulledCount}${pad}`);
    } finally {
      seen.endedCount++;
      seen.why = (signal.reason as Error | undefined)?.message;
    }
  }
  const run = async (_value: unknown, { signal }: { signal: AbortSignal }): Promise<CallOutcome> => ({
    is: "stream",
    values: values(signal),
  });
  return { seen, operation: { isStream: true, run } };
}

const tail = (r: number, over: object = {}): object => ({ t: "call", r, op: "tail", w: 65_536, ...over });
const costOf = (client: FakeClient): number =>
  client.of("part").reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);

/** Lets a stream run on until it waits for something. */
async function rest(world: World): Promise<void> {
  for (let round = 0; round < 100; round++) await world.settle();
}

async function worldOf(operation: ReturnType<typeof counting>["operation"], limits = {}): Promise<World> {
  return openWorld({ operations: { tail: operation }, limits });
}

describe("a stream", () => {
  it("sends its values as parts in order, then one ok", async () => {
    const { seen, operation } = counting(3);
    const client = await (await worldOf(operation)).connect();
    await client.say(tail(7));
    expect(client.frames.slice(1)).toEqual([
      ...["1", "2", "3"].map((d) => ({ t: "part", r: 7, d })),
      { t: "ok", r: 7 },
    ]);
    expect(seen.endedCount).toBe(1);
  });

  it("is not pulled while the client has taken too little, and goes on with its credit", async () => {
    const { seen, operation } = counting(Infinity, "x".repeat(1_000));
    const world = await worldOf(operation);
    const client = await world.connect();
    await client.say(tail(7, { w: 5_000 }));
    await rest(world);
    expect(client.of("part")).toHaveLength(5); // the first four cost less than the window
    expect(seen.pulledCount).toBe(5);
    await client.ackAll(); // of the connection: is no credit
    await rest(world);
    expect(seen.pulledCount).toBe(5);
    await client.say({ t: "credit", r: 7, b: costOf(client) });
    await rest(world);
    expect(seen.pulledCount).toBe(10);
    await client.say({ t: "credit", r: 7, b: 1 }, { t: "credit", r: 8, b: 1_000_000 }); // falls, belongs to nobody
    await rest(world);
    expect(seen.pulledCount).toBe(10);
    await client.say({ t: "credit", r: 7, b: Number.MAX_SAFE_INTEGER }); // no more than was sent
    await rest(world);
    expect(seen.pulledCount).toBe(15);
  });

  it("whose consumer stops holds up no publication and no other call", async () => {
    const { operation } = counting(Infinity, "x".repeat(1_000));
    const other = counting(2);
    const world = await openWorld({ operations: { tail: operation, short: other.operation } });
    const client = await world.connect();
    await client.say(tail(7), sub(1));
    await client.ackAll();
    for (let n = 1; n <= 100; n++) {
      await client.say(pub(n, "y".repeat(3_000)));
      await client.ackAll();
    }
    await client.say({ t: "call", r: 8, op: "short", w: 1_000 });
    expect(client.payloads).toHaveLength(100);
    expect(client.of("part").filter(({ r }) => r === 8)).toHaveLength(2);
  });

  it("waits for the connection's window like a publication", async () => {
    const { seen, operation } = counting(Infinity, "x".repeat(1_000));
    const world = await worldOf(operation);
    const client = await world.connect({ hello: { w: 65_536 } });
    await client.say(tail(7, { w: 1_000_000 }));
    await rest(world);
    const { pulledCount } = seen;
    expect(costOf(client)).toBeLessThanOrEqual(65_536);
    expect(costOf(client)).toBeGreaterThan(60_000);
    await client.ackAll();
    await rest(world);
    expect(seen.pulledCount).toBeGreaterThan(pulledCount + 50);
  });

  it("waits for a socket that takes nothing", async () => {
    const { seen, operation } = counting(Infinity, "x".repeat(1_000));
    const world = await worldOf(operation, { queueBytes: 16_384, windowCost: 1_048_576 });
    const client = await world.connect();
    client.port.isFrozen = true;
    await client.say(tail(7, { w: 1_000_000 }));
    await rest(world);
    const { pulledCount } = seen;
    expect(pulledCount).toBeLessThan(100);
    await world.clock.advanceAsync(10_000);
    expect(seen.pulledCount).toBe(pulledCount);
    client.port.thaw();
    await rest(world);
    expect(seen.pulledCount).toBeGreaterThan(pulledCount);
  });

  it.each([
    ["a cancel", "cancelled", (client: FakeClient) => client.say({ t: "cancel", r: 7 })],
    ["the end of the connection", "the connection ended", (client: FakeClient) => client.drop()],
  ])("is ended by %s: its generator is returned, once", async (_what, why, end) => {
    const { seen, operation } = counting(Infinity, "x".repeat(1_000));
    const world = await worldOf(operation);
    const client = await world.connect();
    await client.say(tail(7));
    await rest(world);
    await end(client);
    await rest(world);
    expect(seen).toMatchObject({ endedCount: 1, why });
    const { pulledCount } = seen;
    await client.say({ t: "credit", r: 7, b: costOf(client) });
    await rest(world);
    expect(seen.pulledCount).toBe(pulledCount);
  });

  it("that is cancelled is answered 309 behind its parts, though its handler never settles", async () => {
    const client = await (
      await worldOf({
        isStream: true,
        run: async () => ({
          is: "stream",
          values: (async function* () {
            yield "1";
            await new Promise(() => undefined);
          })(),
        }),
      })
    ).connect();
    await client.say(tail(7), { t: "cancel", r: 7 });
    await client.say(tail(8));
    await client.say({ t: "cancel", r: 8 });
    expect(client.frames.slice(1)).toMatchObject([
      { t: "err", r: 7, code: 309 },
      { t: "part", r: 8, d: 1 },
      { t: "err", r: 8, code: 309 },
    ]);
  });

  it("has no deadline unless the client names one", async () => {
    const { seen, operation } = counting(Infinity, "x".repeat(1_000));
    const world = await worldOf(operation);
    const client = await world.connect();
    await client.say(tail(7), tail(8, { ms: 5_000 }));
    await world.clock.advanceAsync(wireLimits.callMsMax / 20);
    expect(client.of("err")).toMatchObject([{ r: 8, code: 309, why: "no answer within 5000 ms" }]);
    expect(seen.endedCount).toBe(1);
  });

  it("ends with what its handler throws, behind its parts", async () => {
    const client = await (
      await worldOf({
        isStream: true,
        run: async () => ({
          is: "stream",
          values: (async function* () {
            yield "1";
            throw new HubError("refused", "no more");
          })(),
        }),
      })
    ).connect();
    await client.say(tail(7));
    expect(client.frames.slice(1)).toMatchObject([{ t: "part" }, { t: "err", r: 7, code: 306, why: "no more" }]);
  });

  it("needs a window, and other calls have none", async () => {
    const { operation } = counting(1);
    const run = async (): Promise<CallOutcome> => ({ is: "ok", json: "1" });
    const client = await (await openWorld({ operations: { tail: operation, plain: { run } } })).connect();
    await client.say(tail(1, { w: undefined }), tail(2, { w: 0 }), { t: "call", r: 3, op: "plain", w: 1 });
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([
      [1, 301],
      [2, 301],
      [3, 301],
    ]);
  });

  it("beyond as many as a connection or the node may have is refused as overload, and makes room when it ends", async () => {
    const { operation } = counting(Infinity, "x".repeat(70_000));
    const world = await worldOf(operation, { streamsMax: wireLimits.streamCount + 1 });
    const [ada, bob] = [await world.connect(), await world.connect({ token: "u2" })];
    for (let r = 0; r <= wireLimits.streamCount; r++) {
      await ada.say(tail(r));
      await ada.ackAll();
    }
    expect(ada.of("err")).toMatchObject([{ r: wireLimits.streamCount, code: 103, ms: 100 }]);
    await bob.say(tail(1), tail(2));
    expect(bob.of("err")).toMatchObject([{ r: 2, code: 103 }]);
    await ada.say({ t: "cancel", r: 0 });
    await bob.ackAll();
    await bob.say(tail(3));
    expect(bob.of("part").map(({ r }) => r)).toEqual([1, 3]);
  });
});
