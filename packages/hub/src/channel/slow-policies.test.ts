import { describe, expect, it } from "vitest";
import { modes, toWirePos, type Mode, type Pos } from "@heddle/protocol";
import { engineWith } from "../testing/engine-with.ts";
import { openPolicy, openWorld, sub, type FakeClient, type World, type WorldOptions } from "../testing/fixture.ts";
import type { ChannelPolicy, Log } from "../ports/index.ts";

/** A world with one channel of this policy, and `write`, by which the server publishes to it. */
async function open(policy: Partial<ChannelPolicy>, limits: WorldOptions["limits"] = {}) {
  const world = await openWorld({ channels: { room: openPolicy(policy) }, limits });
  const write = async (...events: readonly [key: string, value: unknown][]): Promise<void> => {
    for (const [key, value] of events)
      await world.hub.publish("room/1", { event: "message", json: JSON.stringify(value), ...(key ? { key } : {}) });
    await world.settle();
  };
  return { world, write };
}

/** What a subscriber was told of its stream, in order: `skip` and `gap` by where they lead to. */
const told = (client: FakeClient): unknown[] =>
  client.frames.flatMap((frame) => {
    if (frame.t === "m") return [frame.d];
    if (frame.t === "skip") return [`skip to ${frame.o}`];
    if (frame.t === "gap") return [`gap ${frame.why} to ${frame.to[1]}`];
    if (frame.t === "st") return [frame.s];
    return [];
  });

/** Stops reading, and has so much written that the connection is behind. */
async function stall(
  client: FakeClient,
  world: World,
  write: (...events: [string, unknown][]) => Promise<void>,
): Promise<void> {
  client.port.isFrozen = true;
  for (let n = 0; n < 12; n++) {
    await write(["filler", "x".repeat(3_000)]);
    await world.clock.advanceAsync(1);
  }
}

async function recover(client: FakeClient, world: World): Promise<void> {
  client.port.thaw();
  for (let round = 0; round < 10; round++) {
    await client.ackAll();
    await world.clock.advanceAsync(200);
  }
}

const small = { queueBytes: 16_384 };

describe("a subscription's mode", () => {
  const pairs = modes.flatMap((offered) => modes.map((asked): [Mode, Mode] => [offered, asked]));
  it.each(pairs)("of a channel that offers %s may be %s when that is not stronger", async (offered, asked) => {
    const { world } = await open({ mode: offered });
    const client = await world.connect();
    await client.say(sub(1, "live", { m: asked }));
    const isWeaker = modes.indexOf(asked) >= modes.indexOf(offered);
    expect(client.frames.at(-1)).toMatchObject(isWeaker ? { t: "subd", m: asked } : { t: "err", code: 301 });
  });
});

describe("a key subscription", () => {
  it("gets the newest entry of each key that changed since the last time, and is told what it was carried over", async () => {
    const { world, write } = await open({ mode: "key", everyMs: 100 });
    const client = await world.connect();
    await client.say(sub(1));
    await write(["a", 1]);
    await world.clock.advanceAsync(1);
    await write(["a", 2], ["b", 3], ["a", 4], ["c", 5], ["c", 6]);
    expect(told(client)).toEqual([1]);
    await world.clock.advanceAsync(100);
    expect(told(client)).toEqual([1, "skip to 2", 3, 4, "skip to 5", 6]);
  });

  it("shares its frames with the others at the same place, while resume subscribers get every entry at once", async () => {
    const { world, write } = await open({ mode: "resume", everyMs: 100 });
    const [one, two, all] = [await world.connect(), await world.connect(), await world.connect()];
    for (const client of [one, two]) await client.say(sub(1, "live", { m: "key" }));
    await all.say(sub(1));
    await write(["a", 0]);
    await world.clock.advanceAsync(1);
    await write(["a", 1], ["a", 2]);
    expect(told(all)).toEqual([0, 1, 2]);
    await world.clock.advanceAsync(100);
    expect(told(one)).toEqual([0, "skip to 2", 2]);
    expect(told(two)).toEqual(told(one));
  });

  it("begins with the newest of up to n keys, found in what the log keeps", async () => {
    const { world, write } = await open({ mode: "key", keep: { entries: 1_000, ageMs: 1e9 } });
    await write(["old", 0]);
    for (let n = 1; n <= 200; n++) await write([n % 2 ? "odd" : "even", n]);
    const two = await world.connect();
    await two.say(sub(1, ["last", 2]));
    await world.settle();
    expect(told(two)).toEqual([199, 200]);
    const all = await world.connect();
    await all.say(sub(1, ["last", 10]));
    await world.settle();
    expect(told(all)).toEqual([0, "skip to 199", 199, 200]);
  });

  it("resumes with what changed meanwhile, each key once", async () => {
    const { world, write } = await open({ mode: "key" });
    const first = await world.connect();
    await first.say(sub(1));
    await write(["a", 1], ["b", 2]);
    await world.clock.advanceAsync(1);
    const seen = first.of("m").at(-1);
    const epoch = first.last("subd").p?.[0];
    await first.drop();
    await write(["a", 3], ["a", 4], ["c", 5]);
    const back = await world.connect();
    await back.say(sub(1, ["pos", epoch, seen?.o, seen?.g]));
    await world.settle();
    expect([back.last("subd").rec, ...told(back)]).toEqual(["full", "skip to 3", 4, 5]);
    expect(back.last("live").p[1]).toBe(5);
  });

  it("reads the log itself where that reaches further back than the keys that are known", async () => {
    const { world, write } = await open(
      { mode: "key", keep: { entries: 1_000, ageMs: 1e9 } },
      { keyCount: 4, lingerMs: 10 },
    );
    const first = await world.connect();
    await first.say(sub(1));
    const start = first.last("subd").p;
    await first.drop();
    await world.clock.advanceAsync(20); // the channel is forgotten
    for (let n = 1; n <= 10; n++) await write([`k${n % 2}`, n]);
    const back = await world.connect();
    await back.say(sub(1, ["pos", ...(start ?? [])]));
    await world.clock.advanceAsync(10);
    expect(told(back)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("is told of an overflow when keys it has not read were let go, and reads on behind them", async () => {
    const { world, write } = await open({ mode: "key", everyMs: 100 }, { keyCount: 3 });
    const client = await world.connect();
    await client.say(sub(1));
    await write(["a", 1]);
    await world.clock.advanceAsync(1);
    await write(["b", 2], ["c", 3], ["d", 4], ["e", 5], ["f", 6]);
    await world.clock.advanceAsync(100);
    expect(told(client)).toEqual([1, "gap overflow to 3", 4, 5, 6]);
    expect(world.hub.counters.gaps.overflow).toBe(1);
  });

  it("that was slow gets the newest of each key, not what it missed, and is told that it was behind", async () => {
    const { world, write } = await open({ mode: "key" }, small);
    const client = await world.connect();
    await client.say(sub(1));
    await write(["a", "before"]);
    await world.clock.advanceAsync(1);
    await stall(client, world, write);
    await write(["a", 1], ["b", 2], ["a", 3]);
    await world.clock.advanceAsync(1_000);
    await recover(client, world);
    const stream = told(client).filter((what) => !String(what).startsWith("x"));
    expect(stream.slice(-3)).toEqual([2, 3, "live"]);
    expect(stream).toContain("lagging");
    expect(stream).not.toContain(1);
  });
});

describe("a volatile subscription of a log", () => {
  it("gets what there is room for; the rest is dropped, counted, and nobody waits for it", async () => {
    const { world, write } = await open({ mode: "volatile" }, small);
    const client = await world.connect();
    await client.say(sub(1));
    await write(["", "first"]);
    client.port.isFrozen = true;
    for (let n = 0; n < 12; n++) await write(["", "x".repeat(3_000)]);
    expect(world.hub.counters.volatileDrops).toBeGreaterThan(3);
    expect([world.hub.counters.laggings, client.of("st")]).toEqual([0, []]);
    await recover(client, world);
    await write(["", "last"]);
    expect(told(client).at(-1)).toBe("last");
    expect(client.of("gap")).toEqual([]);
  });

  it("starts with the entries asked for all the same", async () => {
    const { world, write } = await open({ mode: "volatile" });
    await write(["", 1], ["", 2], ["", 3]);
    const client = await world.connect();
    await client.say(sub(1, ["last", 2]));
    await world.settle();
    expect(told(client)).toEqual([2, 3]);
  });

  it("goes on from now when its connection was behind because of another channel", async () => {
    const world = await openWorld({
      channels: { room: openPolicy(), side: openPolicy({ mode: "volatile" }) },
      limits: small,
    });
    const write = (channel: string, value: unknown): Promise<unknown> =>
      world.hub.publish(channel, { event: "message", json: JSON.stringify(value) });
    const client = await world.connect();
    await client.say(sub(1), sub(2, "live", { ch: "side/1" }));
    await stall(client, world, async ([, value]: [string, unknown]) => {
      await write("room/1", value);
      await world.settle();
    });
    for (const n of [1, 2, 3]) await write("side/1", n);
    await recover(client, world);
    await write("side/1", 4);
    await world.settle();
    const side = client.of("subd").find(({ ch }) => ch === "side/1")?.c;
    const stream = client.frames.flatMap((frame) =>
      "c" in frame && frame.c === side && frame.t !== "subd" ? [[frame.t, (frame as { o?: number }).o]] : [],
    );
    expect(stream).toEqual([
      ["st", undefined],
      ["skip", 3],
      ["live", undefined],
      ["st", undefined],
      ["m", 4],
    ]);
  });
});

describe("a subscriber of the newest alone that comes to a node which has not noticed that the log began anew", () => {
  it("is not led back to the old log", async () => {
    // Its link follows the new log without a word.
    const engine = engineWith({}, (real) => ({
      attach: (channel, sink) => {
        const attach = (): ReturnType<Log["attach"]> =>
          real().attach(channel, { entry: sink.entry, broken: () => void attach() });
        return attach();
      },
    }));
    const world = await openWorld({ channels: { room: openPolicy({ mode: "latest" }) }, engine });
    const early = await world.connect();
    await early.say(sub(1));
    await world.hub.publish("room/1", { event: "message", json: '"old"' });
    await world.clock.advanceAsync(100);
    await engine.log.drop("room/1");
    const [head] = (await engine.log.heads(["room/1"])) as [Pos];
    const client = await world.connect();
    await client.say(sub(1, ["pos", ...toWirePos(head)]));
    await recover(client, world);
    await world.hub.publish("room/1", { event: "message", json: '"new"' });
    await recover(client, world);
    expect(told(client).filter((each) => each !== "lagging" && each !== "live")).toEqual(["new"]);
    await recover(early, world);
    expect(told(early)).toEqual(["old", "gap epoch to 0", "live", "new"]);
  });
});

describe("a channel that does not wait", () => {
  it("closes with 4001 who cannot keep up, at once, and reads on when it is back", async () => {
    const { world, write } = await open({ disconnectsSlow: true }, small);
    const client = await world.connect();
    const neighbour = await world.connect();
    for (const each of [client, neighbour]) await each.say(sub(1));
    await write(["", "first"]);
    const seen = client.of("m").at(-1);
    const epoch = client.last("subd").p?.[0];
    await stall(client, world, write);
    expect(client.port.closedWith).toBe(4001);
    expect(neighbour.of("bye")).toEqual([]);
    const back = await world.connect();
    await back.say(sub(1, ["pos", epoch, seen?.o, seen?.g]));
    await recover(back, world);
    expect([back.last("subd").rec, back.payloads.length, back.of("bye")]).toEqual(["full", 12, []]);
  });
});

describe("a resume subscription that is behind", () => {
  it("is told so once, loses nothing, and is told when it is up again", async () => {
    const { world, write } = await open({}, small);
    const client = await world.connect();
    await client.say(sub(1));
    await write(["", "first"]);
    await stall(client, world, write);
    await recover(client, world);
    await write(["", "last"]);
    expect(client.of("st").map(({ s }) => s)).toEqual(["lagging", "live"]);
    expect(client.payloads.length).toBe(14);
    expect(client.of("m").map(({ o }) => o)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  });
});

describe("a latest subscription that comes back", () => {
  /** Reads one entry, goes, and comes back from there after `count` more. */
  async function back(policy: Partial<ChannelPolicy>, count: number, afterMs = 0) {
    const { world, write } = await open({ mode: "latest", ...policy });
    const before = await world.connect();
    await before.say(sub(1));
    await write(["", 1]);
    await world.clock.advanceAsync(1);
    const [m] = before.of("m");
    const [epoch] = before.last("subd").p ?? [];
    await before.drop();
    for (let n = 2; n <= 1 + count; n++) await write(["", n]);
    await world.clock.advanceAsync(afterMs);
    const client = await world.connect();
    await client.say(sub(1, ["pos", epoch, m?.o, m?.g]));
    await world.clock.advanceAsync(10);
    return { client, write, world };
  }

  it("after more than is kept goes on with the newest entry, and has missed nothing", async () => {
    const { client } = await back({ keep: { entries: 3, ageMs: 1e9 } }, 20);
    expect(client.last("subd")).toMatchObject({ rec: "full" });
    expect(told(client)).toEqual(["skip to 20", 21]);
  });

  it("after more than would be recovered does the same", async () => {
    const { client } = await back({ keep: { entries: 100, ageMs: 1e9 }, recoverMax: 5 }, 20);
    expect(client.last("subd")).toMatchObject({ rec: "full" });
    expect(told(client)).toEqual(["skip to 20", 21]);
  });

  it("when everything has expired is carried to the head and told so once, and goes on from there", async () => {
    const { client, write, world } = await back({ keep: { entries: 100, ageMs: 1_000 } }, 3, 60_000);
    expect(told(client)).toEqual(["skip to 4"]);
    expect(client.last("live").p[1]).toBe(4);
    await write(["", 5]);
    await world.clock.advanceAsync(10);
    expect(told(client)).toEqual(["skip to 4", 5]);
  });

  it("while the channel was idle is skipped nothing", async () => {
    const { client, world } = await back({}, 0);
    await world.clock.advanceAsync(60_000);
    expect(told(client)).toEqual([]);
  });
});
