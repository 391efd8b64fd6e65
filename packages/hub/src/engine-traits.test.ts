import { toWirePos, type Pos } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { EngineError, type Engine } from "./ports/index.ts";
import { engineWith } from "./testing/engine-with.ts";
import { openWorld, pub, sub } from "./testing/fixture.ts";

describe("an engine whose reads may be answered by a replica that is behind", () => {
  /** The replica has the channels and none of their entries; it says so unless the reader knows better. */
  const behind = (): Engine =>
    engineWith({ staleReads: true }, (real) => ({
      read: async (channel, query) => {
        const [newest] = (await real().heads([channel])) as [Pos];
        if ((query.atLeast?.offset ?? 0) > 0) return real().read(channel, query);
        const root = { epoch: newest.epoch, offset: 0, tag: 1 };
        const isKnown = !("after" in query) || query.after.offset === 0;
        return { entries: [], head: root, floor: root, more: false, proof: isKnown ? "linked" : "diverged" };
      },
    }));

  it("is asked for no less than its head when a channel is attached, and by every subscriber for what it stands at", async () => {
    const world = await openWorld({ engine: behind(), limits: { ringCount: 1 } });
    for (const n of [1, 2, 3]) await world.hub.publish("room/1", { event: "message", json: String(n) });
    const newest = await world.connect();
    await newest.say(sub(1, ["last", 2]));
    await world.settle();
    expect(newest.payloads).toEqual([2, 3]);
    const [entry] = (
      await world.engine.log.read("room/1", { last: 3, limit: 3, bytes: 1e6, atLeast: await headOf(world.engine) })
    ).entries;
    const resuming = await world.connect({ pid: "pid-0001" });
    await resuming.say(sub(1, ["pos", ...toWirePos((entry as { pos: Pos }).pos)]));
    await world.settle();
    expect(resuming.last("subd").rec).toBe("full");
    expect(resuming.payloads).toEqual([2, 3]);
  });

  it("is asked for the position that a page of history is to include", async () => {
    const world = await openWorld({ engine: behind() });
    await world.hub.publish("room/1", { event: "message", json: "1" });
    const client = await world.connect();
    await client.say({ t: "history", r: 5, ch: "room/1", last: 10, min: toWirePos(await headOf(world.engine)) });
    await world.settle();
    expect(client.last("ok").d).toMatchObject({ list: [{ d: 1 }] });
  });
});

describe("an engine that knows no producers", () => {
  const byId = (failing: Set<string>): Engine =>
    engineWith({ producer: "none" }, (real) => ({
      append: (channel, draft) => {
        if (failing.delete(draft.id.slice(-2))) return Promise.reject(new EngineError("unknown", "no answer"));
        return real().append(channel, { ...draft, dedup: { by: "key", key: draft.id, hash: draft.dedup.hash } });
      },
    }));

  it("promises order for settled publishes alone", async () => {
    const world = await openWorld({ engine: byId(new Set()) });
    const client = await world.connect();
    expect(client.last("welcome").g).toMatchObject({ fifo: "settled" });
  });

  it("is not given a publish behind one whose outcome is unknown", async () => {
    const world = await openWorld({ engine: byId(new Set([":1"])) });
    const client = await world.connect();
    await client.say(sub(1), pub(1, "one"), pub(2, "two"));
    await world.settle();
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([
      [1_001, 102],
      [1_002, 104],
    ]);
    await client.say(pub(1, "one"), pub(2, "two"), pub(3, "three"));
    await world.settle();
    expect(client.payloads).toEqual(["one", "two", "three"]);
  });

  it("takes a publish whose predecessor was given up, and one behind a repetition", async () => {
    const world = await openWorld({ engine: byId(new Set([":1"])) });
    const client = await world.connect();
    await client.say(sub(1), pub(1, "one"), pub(2, "two", { pn: 0 }), pub(2, "two", { r: 7, pn: 0 }), pub(3, "three"));
    await world.settle();
    await world.settle();
    expect(client.payloads).toEqual(["two", "three"]);
    expect(client.of("ok").map(({ r, dup }) => [r, dup])).toEqual([
      [1_002, undefined],
      [7, 1],
      [1_003, undefined],
    ]);
  });

  it("remembers no more than may be under way at once", async () => {
    const world = await openWorld({ engine: byId(new Set()) });
    const client = await world.connect();
    await client.say(pub(1, "first"));
    await world.settle();
    for (let n = 2; n <= 33; n++) await client.say(pub(n, n, { ch: `room/${n}`, pn: 0 }));
    await client.say(pub(34, "late"));
    await world.settle();
    expect(client.last("err")).toMatchObject({ r: 1_034, code: 104 });
    await client.say(pub(34, "late", { pn: 0 }));
    await world.settle();
    expect(client.last("ok").r).toBe(1_034);
  });
});

const headOf = async (engine: Engine): Promise<Pos> => ((await engine.log.heads(["room/1"])) as [Pos])[0];
