import { describe, expect, it } from "vitest";
import type { Gap, WirePos } from "@heddle/protocol";
import { HeddleError, LocalError } from "../errors.ts";
import { at, deferred, entry, Scene } from "../testing/scripted-server.ts";
import type { Channel, SubscribeOptions } from "./channel-api.ts";

/** A scene whose client follows "room/1", standing behind offset 100. */
async function following(options: SubscribeOptions = {}): Promise<{
  scene: Scene;
  room: Channel;
  heard: unknown[];
  gaps: Gap[];
  alias: number;
  off: () => void;
}> {
  const scene = await Scene.online();
  const room = scene.client.channel("room/1", options);
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  const off = room.on("message", (payload) => void heard.push(payload));
  room.onGap((gap) => void gaps.push(gap));
  const alias = scene.subd("room/1", at(100));
  return { scene, room, heard, gaps, alias, off };
}

describe("a subscription", () => {
  it("delivers what follows the position it was given, in order", async () => {
    const { scene, room, heard, alias } = await following();
    await scene.says(entry(alias, 101), entry(alias, 102));
    expect(heard).toEqual([101, 102]);
    expect(room.attachedAt).toEqual(at(100));
    expect(room.received).toEqual(at(102));
    expect(room.handled).toEqual(at(102));
  });

  it("tells handlers where a message stands and who published it", async () => {
    const { scene, room, alias } = await following();
    const metas: unknown[] = [];
    room.on("message", (_, meta) => void metas.push(meta));
    await scene.says(entry(alias, 101, { key: "k", ts: 5, u: "ada" }));
    expect(metas).toEqual([{ event: "message", position: at(101), id: "other:101", key: "k", at: 5, user: "ada" }]);
  });

  it("is asked for once, however many handlers it has, and ended with the last", async () => {
    const { scene, room, off } = await following();
    const second = room.on("typing", () => undefined);
    expect(scene.link.all("sub")).toHaveLength(1);
    off();
    await scene.settle();
    expect(scene.link.all("unsub")).toHaveLength(0);
    second();
    await scene.settle();
    expect(scene.link.last("unsub").ch).toBe("room/1");
    expect(room.status.state).toBe("idle");
  });

  it("asks for nothing when the last handler is replaced within a turn", async () => {
    const { scene, room, off } = await following();
    off();
    room.on("message", () => undefined);
    await scene.settle();
    expect(scene.link.all("unsub")).toHaveLength(0);
    expect(scene.link.all("sub")).toHaveLength(1);
  });

  it("delivers nothing twice when it is left and joined inside a handler", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    const heard: unknown[] = [];
    const first = room.on("message", (payload) => {
      heard.push(payload);
      first();
      room.on("message", (again) => void heard.push(again));
    });
    const alias = scene.subd("room/1", at(100));
    await scene.says(entry(alias, 101), entry(alias, 102));
    await scene.settle();
    expect(heard).toEqual([101, 102]);
  });

  it("discards, but counts, frames that come between unsub and the next subd", async () => {
    const { scene, room, heard, alias, off } = await following();
    off();
    await scene.settle();
    room.on("message", (payload) => void heard.push(payload));
    await scene.says(entry(alias, 101));
    expect(scene.link.all("sub")).toHaveLength(2);
    scene.subd("room/1", at(101), { c: alias });
    await scene.says(entry(alias, 102));
    expect(heard).toEqual([102]);
    expect(scene.client.stats.discarded).toBe(1);
  });

  it("ignores the subd of a sub that was given up", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    const heard: unknown[] = [];
    room.on("message", () => undefined)();
    await scene.settle();
    room.on("message", (payload) => void heard.push(payload));
    const [first, second] = scene.link.all("sub");
    const subd = { t: "subd", ch: "room/1", m: "resume", rec: "none" } as const;
    await scene.says({ ...subd, r: first?.r ?? 0, c: 7, p: at(100) }, entry(7, 101));
    await scene.says({ ...subd, r: second?.r ?? 0, c: 7, p: at(101) }, entry(7, 102));
    expect(heard).toEqual([102]);
  });

  it("goes on exactly where it was after a reconnect", async () => {
    const { scene, heard, gaps, alias } = await following();
    await scene.says(entry(alias, 101));
    const hello = await scene.reconnect();
    expect(hello.subs).toEqual([{ r: expect.any(Number) as number, ch: "room/1", at: ["pos", ...at(101)] }]);
    const again = scene.subd("room/1", at(101));
    await scene.says(entry(again, 102), { t: "live", c: again, p: at(102) });
    expect(heard).toEqual([101, 102]);
    expect(gaps).toEqual([]);
    expect(scene.client.stats.resumes).toBe(1);
  });

  it("carries its ticket, and the newest one", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    scene.subd("room/1", at(100), { j: "ticket-1" });
    expect((await scene.reconnect()).subs?.[0]?.j).toBe("ticket-1");
    scene.subd("room/1", at(100), { j: "ticket-2" });
    expect((await scene.reconnect()).subs?.[0]?.j).toBe("ticket-2");
  });

  it("asks again as at first when the connection was lost before it began", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1", { at: { last: 5 } }).on("message", () => undefined);
    expect((await scene.reconnect()).subs?.[0]?.at).toEqual(["last", 5]);
  });

  it.each<[SubscribeOptions, unknown]>([
    [{}, { at: "live" }],
    [{ at: "snap" }, { at: "snap" }],
    [{ at: { position: at(7) } }, { at: ["pos", ...at(7)] }],
    [
      { mode: "latest", presence: true },
      { at: "live", m: "latest", pr: 1 },
    ],
  ])("says %j on the wire", async (options, body) => {
    const scene = await Scene.online();
    scene.client.channel("room/1", options).on("message", () => undefined);
    expect(scene.link.last("sub")).toMatchObject(body as object);
  });
});

describe("the chain check", () => {
  it("begins anew from what was received when an entry does not follow", async () => {
    const { scene, room, heard, alias } = await following();
    await scene.says(entry(alias, 101), entry(alias, 103));
    expect(heard).toEqual([101]);
    expect(scene.client.stats.chainBreaks).toBe(1);
    expect(scene.link.all("unsub")).toHaveLength(1);
    await scene.clock.advanceAsync(200);
    expect(scene.link.last("sub").at).toEqual(["pos", ...at(101)]);
    const again = scene.subd("room/1", at(101));
    await scene.says(entry(again, 102), entry(again, 103));
    expect(heard).toEqual([101, 102, 103]);
    expect(room.status.state).toBe("receiving");
  });

  it("follows the predecessor an entry of a sparse log names", async () => {
    const { scene, heard, alias } = await following();
    await scene.says(entry(alias, 107, { p: 100 }), entry(alias, 110, { p: 107 }));
    expect(heard).toEqual([107, 110]);
    expect(scene.client.stats.chainBreaks).toBe(0);
  });

  it("does not take an entry again that repeats the last", async () => {
    const { scene, heard, alias } = await following();
    await scene.says(entry(alias, 101), entry(alias, 101));
    expect(heard).toEqual([101]);
    expect(scene.client.stats.chainBreaks).toBe(1);
  });

  it("refuses a resume that stands elsewhere than asked", async () => {
    const { scene } = await following();
    await scene.reconnect();
    scene.subd("room/1", at(105));
    expect(scene.client.stats.chainBreaks).toBe(1);
    expect(scene.client.stats.resumes).toBe(0);
  });

  it("refuses the end of a catch-up that stands elsewhere", async () => {
    const { scene, alias } = await following();
    await scene.says({ t: "live", c: alias, p: at(104) });
    expect(scene.client.stats.chainBreaks).toBe(1);
  });

  it("takes any later entry in mode latest, and no earlier one", async () => {
    const { scene, heard } = await following();
    await scene.reconnect();
    const alias = scene.subd("room/1", at(100), { m: "latest" });
    await scene.says(entry(alias, 109), entry(alias, 120, { p: 119 }));
    expect(heard).toEqual([109, 120]);
    await scene.says(entry(alias, 120));
    expect(heard).toEqual([109, 120]);
  });

  it("moves over what is skipped and says so", async () => {
    const { scene, room, heard, alias } = await following();
    const skips: unknown[] = [];
    room.onSkip((skip) => void skips.push(skip));
    await scene.says({ t: "skip", c: alias, o: 101, g: 1010 }, entry(alias, 102));
    expect(heard).toEqual([102]);
    expect(skips).toEqual([{ from: at(100), to: at(101) }]);
    expect(scene.client.stats.skips).toBe(1);
  });

  it("lets volatile events pass beside the chain", async () => {
    const { scene, room, alias } = await following();
    const typing: unknown[] = [];
    room.on("typing", (payload, { position }) => void typing.push([payload, position]));
    await scene.says({ t: "m", c: alias, e: "typing", d: true }, entry(alias, 101), {
      t: "m",
      c: alias,
      e: "typing",
      d: false,
    });
    expect(typing).toEqual([
      [true, undefined],
      [false, undefined],
    ]);
    expect(room.received).toEqual(at(101));
  });
});

describe("content ids", () => {
  it("are delivered once", async () => {
    const { scene, room, heard, alias } = await following();
    await scene.says(entry(alias, 101, { i: "a:1" }), entry(alias, 102, { i: "a:1" }), entry(alias, 103, { i: "a:2" }));
    expect(heard).toEqual([101, 103]);
    expect(scene.client.stats.duplicates).toBe(1);
    expect(room.handled).toEqual(at(103));
  });

  it("of servers may repeat", async () => {
    const { scene, heard, alias } = await following();
    await scene.says(entry(alias, 101, { i: "s:k:1" }), entry(alias, 102, { i: "s:k:1" }));
    expect(heard).toEqual([101, 102]);
  });

  it("are forgotten at a gap", async () => {
    const { scene, heard, alias } = await following();
    await scene.says(
      entry(alias, 101, { i: "a:1" }),
      { t: "gap", c: alias, why: "fork", from: at(101), to: at(90) },
      entry(alias, 91, { i: "a:1" }),
    );
    expect(heard).toEqual([101, 91]);
  });

  it("of the own publishes are passed over when asked, and still move the position", async () => {
    const { scene, room, heard, alias } = await following({ noEcho: true });
    await scene.says(entry(alias, 101, { i: "x1:1" }), entry(alias, 102, { i: "x11:1" }));
    expect(heard).toEqual([102]);
    expect(room.handled).toEqual(at(102));
  });
});

describe("a gap", () => {
  it("is told with its cause and continued from its end", async () => {
    const { scene, room, heard, gaps, alias } = await following();
    await scene.says({ t: "gap", c: alias, why: "expired", from: at(100), to: at(150) }, entry(alias, 151));
    expect(gaps).toEqual([{ why: "expired", from: at(100), to: at(150) }]);
    expect(heard).toEqual([151]);
    expect(room.handled).toEqual(at(151));
    expect(scene.client.stats.gaps).toBe(1);
  });

  it("at the beginning of a subscription is told the same way", async () => {
    const { scene, gaps } = await following();
    await scene.reconnect();
    const gap = { why: "epoch", from: at(100), to: at(3, "E2") } as const;
    scene.subd("room/1", at(3, "E2"), { rec: "gap", gap });
    expect(gaps).toEqual([gap]);
  });

  it("holds what follows until its handler is done", async () => {
    const { scene, room, heard, alias } = await following();
    const loaded = deferred();
    room.onGap(() => loaded.promise);
    await scene.says({ t: "gap", c: alias, why: "expired", from: at(100), to: at(150) }, entry(alias, 151));
    expect(room.status.state).toBe("held");
    expect(heard).toEqual([]);
    expect(room.received).toEqual(at(151));
    expect(room.handled).toEqual(at(100));
    loaded.resolve();
    await scene.settle();
    expect(heard).toEqual([151]);
    expect(room.status.state).toBe("receiving");
  });

  it("whose handler is done after the subscription was left keeps nothing from the next one", async () => {
    const { scene, room, heard, off, alias } = await following();
    const loaded = deferred<WirePos>();
    room.onGap(() => loaded.promise);
    await scene.says({ t: "gap", c: alias, why: "expired", from: at(100), to: at(150) });
    off();
    await scene.settle();
    room.on("message", (payload) => void heard.push(payload));
    const next = scene.subd("room/1", at(100));
    loaded.resolve(at(500));
    await scene.says(entry(next, 101));
    expect(heard).toEqual([101]);
  });

  it("is continued from the position its handler returns", async () => {
    const { scene, room, heard, alias } = await following();
    room.onGap(() => Promise.resolve<WirePos>(at(152)));
    await scene.says(
      { t: "gap", c: alias, why: "expired", from: at(100), to: at(150) },
      entry(alias, 151),
      entry(alias, 152),
    );
    await scene.settle();
    expect(heard).toEqual([]);
    expect(room.handled).toEqual(at(152));
    await scene.says(entry(alias, 153));
    expect(heard).toEqual([153]);
  });

  it("that comes while another is handled is merged with it: worst cause, first from, last to", async () => {
    const { scene, room, heard, gaps, alias } = await following();
    const first = deferred();
    const rounds = [first.promise];
    room.onGap(() => rounds.pop());
    await scene.says(
      { t: "gap", c: alias, why: "fork", from: at(100), to: at(110) },
      entry(alias, 111),
      { t: "gap", c: alias, why: "expired", from: at(111), to: at(120) },
      entry(alias, 121),
      { t: "gap", c: alias, why: "overflow", from: at(121), to: at(130) },
      entry(alias, 131),
    );
    expect(gaps).toHaveLength(1);
    first.resolve();
    await scene.settle();
    expect(gaps).toEqual([
      { why: "fork", from: at(100), to: at(110) },
      { why: "fork", from: at(100), to: at(130) },
    ]);
    expect(heard).toEqual([131]);
    expect(room.status.state).toBe("receiving");
  });

  it("behind a slow message waits for its turn and keeps what came before it", async () => {
    const { scene, room, gaps, alias } = await following();
    const slow = deferred();
    const order: unknown[] = [];
    room.on("message", async (payload) => {
      if (payload === 101) await slow.promise;
      order.push(payload);
    });
    room.onGap(({ to }) => void order.push(to[1]));
    await scene.says(
      entry(alias, 101),
      entry(alias, 102),
      { t: "gap", c: alias, why: "expired", from: at(102), to: at(120) },
      entry(alias, 121),
    );
    expect(gaps).toEqual([]);
    slow.resolve();
    await scene.settle();
    expect(order).toEqual([101, 102, 120, 121]);
  });

  it("of cause epoch is told when the operator voids all positions, and the stream begins live", async () => {
    const { scene, heard, gaps, alias } = await following();
    await scene.says(entry(alias, 101));
    scene.link.bye(4200);
    await scene.nextAttempt();
    const hello = await scene.welcomed();
    expect(hello.subs?.[0]?.at).toBe("live");
    const again = scene.subd("room/1", at(140));
    await scene.says(entry(again, 141));
    expect(gaps).toEqual([{ why: "epoch", from: at(101), to: at(140) }]);
    expect(heard).toEqual([101, 141]);
  });
});

describe("a slow handler", () => {
  it("gets one message at a time, in order, and holds up no other channel", async () => {
    const { scene, room, heard, alias } = await following();
    const slow = deferred();
    room.on("message", () => slow.promise);
    const other: unknown[] = [];
    scene.client.channel("room/2").on("message", (payload) => void other.push(payload));
    const second = scene.subd("room/2", at(100));
    await scene.says(entry(alias, 101), entry(alias, 102), entry(second, 101), entry(second, 102));
    expect(heard).toEqual([101]);
    expect(other).toEqual([101, 102]);
    slow.resolve();
    await scene.settle();
    expect(heard).toEqual([101, 102]);
  });

  it("that throws is reported, and the next message goes on", async () => {
    const { scene, room, heard, alias } = await following();
    room.on("message", (payload) => {
      if (payload === 101) throw new Error("first");
      return Promise.reject(new Error("second"));
    });
    await scene.says(entry(alias, 101), entry(alias, 102), entry(alias, 103));
    await scene.settle();
    expect(heard).toEqual([101, 102, 103]);
    expect(scene.errors.map(String)).toEqual(["Error: first", "Error: second", "Error: second"]);
  });

  it("that lets too much wait parks its channel: unsubscribed, then asked for from what was handled", async () => {
    const { scene, room, heard, alias } = await following();
    const slow = deferred();
    room.on("message", () => slow.promise);
    const text = "x".repeat(300_000);
    await scene.says(entry(alias, 101));
    for (const o of [102, 103, 104]) await scene.says(entry(alias, o, { d: text }));
    expect(room.status.state).toBe("receiving");
    await scene.says(entry(alias, 105, { d: text }));
    expect(room.status.state).toBe("parked");
    expect(scene.link.all("unsub")).toHaveLength(1);
    await scene.says(entry(alias, 106));
    expect(scene.client.stats).toMatchObject({ parks: 1, discarded: 1 });
    slow.resolve();
    await scene.settle();
    expect(scene.link.last("sub").at).toEqual(["pos", ...at(101)]);
    const again = scene.subd("room/1", at(101));
    await scene.says(entry(again, 102));
    await scene.settle();
    expect(heard).toEqual([101, 102]);
  });

  it("that parks a channel before its snapshot is handled lets it begin anew, behind the snapshot it then gets", async () => {
    const scene = await Scene.online();
    const slow = deferred();
    const snapshots: unknown[] = [];
    const room = scene.client.channel("room/1", { at: "snap" });
    const off = room.on("message", () => slow.promise);
    const first = scene.subd("room/1", at(100), { snap: "first" });
    await scene.says(entry(first, 101));
    off(); // its handler still runs: what comes for the next subscription waits
    await scene.settle();
    room.onSnapshot((snapshot) => void snapshots.push(snapshot));
    const second = scene.subd("room/1", at(102), { snap: "second" });
    await scene.says(entry(second, 103, { d: "x".repeat(1_100_000) }));
    expect([room.status.state, room.attachedAt]).toEqual(["parked", at(102)]);
    slow.resolve();
    await scene.settle();
    expect(scene.link.last("sub").at).toBe("snap");
    scene.subd("room/1", at(105), { snap: "third" });
    await scene.settle();
    expect([snapshots, room.attachedAt]).toEqual([["third"], at(105)]);
  });

  it("parks the channel with most waiting, not the one that came last", async () => {
    const { scene, room, alias } = await following();
    const slow = deferred();
    room.on("message", () => slow.promise);
    const small = scene.client.channel("room/2");
    small.on("message", () => slow.promise);
    const second = scene.subd("room/2", at(100));
    for (const o of [101, 102, 103, 104]) await scene.says(entry(alias, o, { d: "x".repeat(300_000) }));
    for (const o of [101, 102]) await scene.says(entry(second, o, { d: "x".repeat(200_000) }));
    expect(room.status.state).toBe("parked");
    expect(small.status.state).toBe("receiving");
  });

  it("that settles while the connection is away lets its parked channel join with the next one", async () => {
    const { scene, room, alias } = await following();
    const slow = deferred();
    room.on("message", () => slow.promise);
    await scene.says(entry(alias, 101), entry(alias, 102, { d: "x".repeat(1_100_000) }));
    expect(room.status.state).toBe("parked");
    scene.link.drop();
    slow.resolve();
    await scene.nextAttempt();
    expect((await scene.welcomed()).subs?.[0]?.at).toEqual(["pos", ...at(101)]);
  });

  it("keeps a parked channel out of hello until it settles", async () => {
    const { scene, room, alias } = await following();
    room.on("message", () => deferred().promise);
    await scene.says(entry(alias, 101), entry(alias, 102, { d: "x".repeat(1_100_000) }));
    expect((await scene.reconnect()).subs).toEqual([]);
  });

  it("does not lose the word that positions are void when it is parked", async () => {
    const { scene, room, gaps, alias } = await following();
    const slow = deferred();
    room.on("message", () => slow.promise);
    await scene.says(entry(alias, 101));
    scene.link.bye(4200);
    await scene.nextAttempt();
    await scene.welcomed();
    const again = scene.subd("room/1", at(140));
    await scene.says(entry(again, 141, { d: "x".repeat(1_100_000) }));
    expect(room.status.state).toBe("parked");
    slow.resolve();
    await scene.settle();
    expect(scene.link.last("sub").at).toBe("live");
    scene.subd("room/1", at(150));
    expect(gaps).toEqual([{ why: "epoch", from: at(101), to: at(150) }]);
  });

  it("left behind by its channel says nothing about the next subscription", async () => {
    const { scene, room, heard, alias, off } = await following();
    const slow = deferred();
    const offSlow = room.on("message", () => slow.promise);
    await scene.says(entry(alias, 101), entry(alias, 102));
    off();
    offSlow();
    await scene.settle();
    room.on("message", (payload) => void heard.push(payload));
    const again = scene.subd("room/1", at(500));
    slow.resolve();
    await scene.settle();
    expect(room.handled).toEqual(at(500));
    await scene.says(entry(again, 501));
    expect(heard).toEqual([101, 501]);
  });
});

describe("what the server says of a subscription", () => {
  it("ends it for good when it is refused, and rejects ready", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    room.on("message", () => undefined);
    const ready = room.ready();
    await scene.says({ t: "err", r: scene.link.last("sub").r, code: 203, name: "forbidden", why: "not yours" });
    await expect(ready).rejects.toMatchObject({ code: 203, name: "forbidden", why: "not yours" });
    await expect(room.ready()).rejects.toBeInstanceOf(HeddleError);
    expect(room.status).toMatchObject({ state: "ended", code: 203 });
    expect((await scene.reconnect()).subs).toEqual([]);
    room.on("typing", () => undefined);
    expect(scene.link.last("sub").ch).toBe("room/1");
  });

  it.each([
    [{ code: 101, ms: 700 }, 700],
    [{ code: 103 }, 1_000],
    [{ code: 429, ms: 3_000 }, 3_000],
    [{ code: 307, ms: 50 }, 50],
  ])("asks again after %j", async (err, waitMs) => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    room.on("message", () => undefined);
    await scene.says({ t: "err", r: scene.link.last("sub").r, name: "n", ...err });
    await scene.clock.advanceAsync(waitMs - 1);
    expect(scene.link.all("sub")).toHaveLength(1);
    await scene.clock.advanceAsync(1);
    expect(scene.link.all("sub")).toHaveLength(2);
    expect(room.status).toMatchObject({ state: "asking" });
  });

  it("ends it after three snapshots that failed", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1", { at: "snap" });
    room.onSnapshot(() => undefined);
    for (let round = 0; round < 3; round++) {
      await scene.says({ t: "err", r: scene.link.last("sub").r, code: 307, name: "snapshot_failed", ms: 10 });
      await scene.clock.advanceAsync(10);
    }
    expect(scene.link.all("sub")).toHaveLength(3);
    expect(room.status.state).toBe("ended");
  });

  it("gives the snapshot first and the stream behind it", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1", { at: "snap" });
    const order: unknown[] = [];
    room.onSnapshot(async (state) => {
      await Promise.resolve();
      order.push(state);
    });
    room.on("message", (payload) => void order.push(payload));
    const alias = scene.subd("room/1", at(100), { snap: { total: 3 } });
    await scene.says(entry(alias, 101));
    await scene.settle();
    expect(order).toEqual([{ total: 3 }, 101]);
    expect(room.handled).toEqual(at(101));
  });

  it("ends it by unsubd and its code, or begins it again", async () => {
    const { scene, room, alias } = await following();
    await scene.says({ t: "unsubd", c: alias, code: 101, why: "store away", ms: 400 });
    expect(room.status).toMatchObject({ state: "asking", code: 101, why: "store away" });
    await scene.clock.advanceAsync(400);
    expect(scene.link.last("sub").at).toEqual(["pos", ...at(100)]);
    const again = scene.subd("room/1", at(100));
    await scene.says({ t: "unsubd", c: again, code: 204, why: "revoked" });
    expect(room.status).toMatchObject({ state: "ended", code: 204 });
    expect(scene.link.all("unsub")).toHaveLength(0);
  });

  it("tells that the channel is degraded and well again", async () => {
    const { scene, room, alias } = await following();
    const told: unknown[] = [];
    room.onStatus(({ state, degraded, why }) => void told.push([state, degraded, why]));
    await scene.says({ t: "st", c: alias, s: "degraded", why: "store away" }, { t: "st", c: alias, s: "live" });
    expect(told).toEqual([
      ["receiving", true, "store away"],
      ["receiving", false, undefined],
    ]);
  });

  it("tells that it is behind because it reads slowly, and up again", async () => {
    const { scene, room, alias } = await following();
    const told: unknown[] = [];
    room.onStatus(({ degraded, lagging }) => void told.push([degraded, lagging]));
    await scene.says({ t: "st", c: alias, s: "lagging" }, { t: "st", c: alias, s: "live" });
    expect(told).toEqual([
      [false, true],
      [false, false],
    ]);
  });

  it.each(["key", "latest", "volatile"] as const)(
    "in mode %s goes over what is left out, and only forward",
    async (m) => {
      const scene = await Scene.online();
      const room = scene.client.channel("room/1", { mode: m });
      const got: unknown[] = [];
      room.on("message", (payload) => void got.push(payload));
      const skips: unknown[] = [];
      room.onSkip(({ from, to }) => void skips.push([from[1], to[1]]));
      const alias = scene.subd("room/1", at(100), { m });
      await scene.says(
        { t: "skip", c: alias, o: 104, g: 104 },
        { t: "m", c: alias, o: 105, g: 105, e: "message", d: "a" },
        { t: "m", c: alias, o: 109, g: 109, e: "message", d: "b" },
      );
      expect([got, skips, room.received?.[1]]).toEqual([["a", "b"], [[100, 104]], 109]);
      await scene.says({ t: "m", c: alias, o: 108, g: 108, e: "message", d: "old" });
      expect([got, scene.client.stats.chainBreaks]).toEqual([["a", "b"], 1]);
    },
  );

  it("resolves ready with the first subd", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    room.on("message", () => undefined);
    const ready = room.ready();
    scene.subd("room/1", at(100));
    await expect(ready).resolves.toBeUndefined();
    await expect(room.ready()).resolves.toBeUndefined();
  });

  it("rejects ready when the last handler goes first", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    const off = room.on("message", () => undefined);
    const ready = room.ready();
    off();
    await expect(Promise.all([ready, scene.settle()])).rejects.toBeInstanceOf(LocalError);
  });
});

describe("many channels", () => {
  it("join with hello as far as there is room, the others behind it", async () => {
    const scene = new Scene();
    const names = Array.from({ length: 600 }, (_, index) => `room/${index}`);
    for (const name of names) scene.client.channel(name).on("message", () => undefined);
    const hello = await scene.greeted();
    expect(hello.subs).toHaveLength(512);
    expect(scene.link.all("sub")).toHaveLength(0);
    await scene.welcomed();
    const asked = [...(hello.subs ?? []), ...scene.link.all("sub")];
    expect(asked.map(({ ch }) => ch).sort()).toEqual([...names].sort());
  });

  it("keep hello below its limit when their names are long", async () => {
    const scene = new Scene();
    for (let index = 0; index < 500; index++) {
      scene.client.channel(`room/${"y".repeat(240)}${index}`).on("message", () => undefined);
    }
    const hello = await scene.greeted();
    expect(JSON.stringify(hello).length).toBeLessThan(131_072);
    await scene.welcomed();
    expect((hello.subs?.length ?? 0) + scene.link.all("sub").length).toBe(500);
  });

  it("asked for and left between hello and welcome are asked for and left behind it", async () => {
    const scene = new Scene();
    const off = scene.client.channel("room/1").on("message", () => undefined);
    await scene.greeted();
    off();
    scene.client.channel("room/2").on("message", () => undefined);
    await scene.settle();
    expect(scene.link.frames.map(({ t }) => t)).toEqual(["hello"]);
    await scene.welcomed();
    expect(scene.link.last("unsub").ch).toBe("room/1");
    expect(scene.link.last("sub").ch).toBe("room/2");
  });

  it("beyond the client's limit are refused by name", () => {
    const scene = new Scene({ channelCount: 11 });
    for (let index = 0; index < 11; index++) scene.client.channel(`room/${index}`).on("message", () => undefined);
    expect(() => scene.client.channel("room/x")).toThrow(/room\/x: 11 in use/);
  });

  it("make room for others when they are idle, and say so when they are used again", async () => {
    const scene = new Scene({ channelCount: 11 });
    const idle = scene.client.channel("room/0");
    for (let index = 1; index < 11; index++) scene.client.channel(`room/${index}`).on("message", () => undefined);
    scene.client.channel("room/x").on("message", () => undefined);
    expect(scene.client.channels.map(({ name }) => name)).not.toContain("room/0");
    idle.on("message", () => undefined);
    expect((await scene.greeted()).subs?.map(({ ch }) => ch)).toContain("room/0");
  });

  it("have one object a name", () => {
    const scene = new Scene();
    expect(scene.client.channel("room/1")).toBe(scene.client.channel("room/1"));
  });

  it("take options until they are subscribed", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1");
    const room = scene.client.channel("room/1", { at: { last: 3 } });
    room.on("message", () => undefined);
    scene.client.channel("room/1", { at: "snap" });
    expect(scene.link.last("sub").at).toEqual(["last", 3]);
  });
});
