import { wireLimits } from "@heddle/protocol";
import type { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import type { CallOutcome, ChannelPolicy, Prepared } from "../ports/index.ts";
import { openPolicy, openWorld, pub, sub, type World } from "../testing/fixture.ts";

/** What a policy's hooks take their time from: set when the world is there. */
interface Env {
  clock?: FakeClock;
  random?: SeededRandom;
}

const pause = ({ clock, random }: Env, mostMs: number): Promise<void> =>
  new Promise((resolve) => void clock?.after((random?.float() ?? 0) * mostMs, resolve));

const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A channel whose authorisation and hook take a random while; every seventh publish is refused, every eleventh throws. */
const unsteady = (env: Env): ChannelPolicy =>
  openPolicy({
    keep: { entries: 1_000, ageMs: 3_600_000 },
    authorize: async () => {
      await pause(env, 50);
      return true;
    },
    prepare: async (_event, value): Promise<Prepared> => {
      await pause(env, 200);
      const n = value as number;
      if (n % 7 === 0) return { is: "refused", why: "seven" };
      if (n % 11 === 0) throw new Error("eleven");
      return { is: "ok", json: JSON.stringify(n) };
    },
  });

async function worldOf(env: Env, options: Parameters<typeof openWorld>[0]): Promise<World> {
  const world = await openWorld(options);
  Object.assign(env, { clock: world.clock, random: world.random });
  return world;
}

describe("publishes of one client on one channel", () => {
  it.each([1, 2, 3, 4, 5])(
    "are appended in the order they came though hooks take random times (seed %i)",
    async (seed) => {
      const env: Env = {};
      const world = await worldOf(env, { seed, channels: { room: unsteady(env) } });
      const [reader, ada, bob] = [
        await world.connect(),
        await world.connect({ token: "a" }),
        await world.connect({ token: "b" }),
      ];
      await reader.say(sub(1));
      await world.clock.advanceAsync(1_000);
      for (let n = 1; n <= 120; n++) {
        for (const client of [ada, bob]) await client.say(pub(n, n, { pn: 0 }));
        await world.clock.advanceAsync((env.random?.float() ?? 0) * 80);
        await reader.ackAll();
      }
      await world.clock.advanceAsync(10_000);
      const good = Array.from({ length: 120 }, (_, index) => index + 1).filter((n) => n % 7 !== 0 && n % 11 !== 0);
      for (const [client, user] of [
        [ada, "a"],
        [bob, "b"],
      ] as const) {
        const mine = reader.of("m").filter(({ u }) => u === user);
        expect(mine.map(({ d }) => d)).toEqual(good);
        expect(client.of("ok")).toHaveLength(good.length);
        expect(client.of("err")).toHaveLength(120 - good.length);
      }
    },
  );

  it("behind an authorisation that never settles wait for its deadline, are not lost, and keep their order", async () => {
    const env: Env = {};
    let askedCount = 0;
    const policy = openPolicy({ authorize: () => (++askedCount === 2 ? never() : Promise.resolve(true)) });
    const world = await worldOf(env, { channels: { room: policy, hall: openPolicy() }, limits: { hookMs: 5_000 } });
    const [client, other] = [await world.connect(), await world.connect({ token: "u2" })];
    await client.say(pub(1, "a"), pub(2, "b"), pub(3, "c", { pn: 1 }), pub(4, "d"));
    await client.say(pub(5, "elsewhere", { ch: "hall/1", pn: 0 }), { t: "ping" });
    await other.say(pub(1, "by another"));
    // Another channel, another client, and what came before are not held up.
    expect(client.of("ok").map(({ r }) => r)).toEqual([1001, 1005]);
    expect(client.of("pong")).toHaveLength(1);
    expect(other.of("ok")).toHaveLength(1);
    await world.clock.advanceAsync(5_000);
    expect(client.of("err")).toMatchObject([{ r: 1002, code: 310, why: "authorize took longer than 5000 ms" }]);
    expect(client.of("ok").map(({ r }) => r)).toEqual([1001, 1005, 1003, 1004]);
    expect(world.hub.counters.lateHooks).toBe(1);
    await client.say({ t: "history", r: 9, ch: "room/1", last: 10 });
    expect(client.last("ok").d).toMatchObject({ list: ["a", "by another", "c", "d"].map((d) => ({ d })) });
  });

  it("that a hook answers after its deadline are not stored", async () => {
    let finish = (): void => undefined;
    const policy = openPolicy({
      prepare: (_event, value) =>
        new Promise<Prepared>((resolve) => (finish = () => resolve({ is: "ok", json: JSON.stringify(value) }))),
    });
    const world = await openWorld({ channels: { room: policy } });
    const client = await world.connect();
    await client.say(sub(1), pub(1, "late"));
    await world.clock.advanceAsync(10_000);
    finish();
    await world.settle();
    expect(client.of("err")).toMatchObject([{ r: 1001, code: 310 }]);
    expect(client.payloads).toEqual([]);
  });
});

describe("what one session waits for", () => {
  it("holds up no other: subscriptions, publishes and calls of others are answered at once", async () => {
    const policy = openPolicy({ authorize: (_action, { userId }) => (userId === "slow" ? never() : true) });
    const operations = {
      echo: {
        run: (value: unknown, { who }: { who: { userId: string | undefined } }): Promise<CallOutcome> =>
          who.userId === "slow" ? never() : Promise.resolve({ is: "ok", json: JSON.stringify(value) }),
      },
    };
    const world = await openWorld({ channels: { room: policy }, operations });
    const [slow, quick] = [await world.connect({ token: "slow" }), await world.connect({ token: "quick" })];
    await slow.say(sub(1), pub(1, "x"), { t: "call", r: 2, op: "echo", d: 1 });
    await quick.say(sub(1), pub(1, "y"), { t: "call", r: 2, op: "echo", d: 1 });
    expect(slow.frames).toHaveLength(1);
    expect(quick.frames.map(({ t }) => t).sort()).toEqual(["m", "ok", "ok", "subd", "welcome"]);
    await world.clock.advanceAsync(10_000);
    expect(slow.of("err").map(({ r, code }) => [r, code])).toEqual([
      [1, 310],
      [1001, 310],
    ]);
  });

  it("for a snapshot that never loads ends at its deadline, and the next joiner loads anew", async () => {
    let loadCount = 0;
    const load = (): Promise<{ json: string }> => (++loadCount === 1 ? never() : Promise.resolve({ json: "7" }));
    const world = await openWorld({ channels: { room: openPolicy({ snapshot: { shared: true, load } }) } });
    const [first, second] = [await world.connect(), await world.connect({ token: "u2" })];
    await first.say(sub(1, "snap"));
    await second.say(sub(1, "snap"));
    await world.clock.advanceAsync(30_000);
    for (const client of [first, second]) expect(client.last("err")).toMatchObject({ r: 1, code: 307 });
    await first.say(sub(2, "snap"));
    expect(first.last("subd")).toMatchObject({ r: 2, snap: 7 });
    expect(loadCount).toBe(2);
  });
});

describe("calls", () => {
  /** Calls that are answered when the test says so. */
  function pending() {
    const open: (() => void)[] = [];
    const run = (value: unknown): Promise<CallOutcome> =>
      new Promise((resolve) => void open.push(() => resolve({ is: "ok", json: JSON.stringify(value) })));
    return { open, operations: { work: { run } } };
  }
  const calls = (first: number, count: number): object[] =>
    Array.from({ length: count }, (_, index) => ({ t: "call", r: first + index, op: "work", d: first + index }));

  it("of one connection run side by side up to its window, and are answered in the order they end", async () => {
    const { open, operations } = pending();
    const client = await (await openWorld({ operations })).connect();
    await client.say(...calls(1, wireLimits.requestWindowCount + 1));
    expect(open).toHaveLength(wireLimits.requestWindowCount);
    expect(client.of("err")).toMatchObject([{ r: wireLimits.requestWindowCount + 1, code: 103, ms: 100 }]);
    for (const finish of [...open].reverse()) finish();
    await client.say({ t: "ping" });
    expect(client.of("ok").map(({ r }) => r)).toEqual(
      Array.from({ length: wireLimits.requestWindowCount }, (_, index) => wireLimits.requestWindowCount - index),
    );
  });

  it("of a node run side by side up to callsMax, and each that ends makes room", async () => {
    const { open, operations } = pending();
    const world = await openWorld({ operations, limits: { callsMax: 3 } });
    const [ada, bob] = [await world.connect(), await world.connect({ token: "u2" })];
    await ada.say(...calls(1, 2));
    await bob.say(...calls(1, 2));
    expect(bob.of("err")).toMatchObject([{ r: 2, code: 103, why: "3 calls of this node are open" }]);
    open[0]?.();
    await world.settle();
    await bob.say(...calls(3, 2));
    expect(bob.of("err").map(({ r }) => r)).toEqual([2, 4]);
    await ada.drop(); // its call is over for the node
    await bob.say(...calls(5, 1));
    expect(open).toHaveLength(5);
  });
});
