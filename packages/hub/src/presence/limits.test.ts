import { describe, expect, it } from "vitest";
import { hubLimits } from "../options.ts";
import { openPolicy, openWorld, sub, type FakeClient, type World } from "../testing/fixture.ts";

const enter = (r: number, ver: number, d: unknown = "here", ch = "room/1"): object => ({
  ...{ t: "presence", r, ch, op: "enter", ver, d },
});
const { presenceGatherMs, presenceCountMs } = hubLimits;

async function entered(world: World, from: number, to: number, d: unknown = "here"): Promise<FakeClient[]> {
  const clients: FakeClient[] = [];
  for (let index = from; index <= to; index++) {
    const client = await world.connect({ token: `u${index}`, pid: `pid-${String(index).padStart(4, "0")}` });
    await client.say(enter(1, 1, d));
    clients.push(client);
  }
  await world.clock.advanceAsync(presenceGatherMs);
  return clients;
}

async function watched(world: World): Promise<FakeClient> {
  const watcher = await world.connect({ token: "watcher", pid: "pid-watcher" });
  await watcher.say(sub(1, "live", { pr: 1 }));
  return watcher;
}

describe("members beyond the listing limit", () => {
  const limits = { presenceListCount: 10, presenceSampleCount: 3 };

  it("are told as their number and some of them, at most once a second", async () => {
    const world = await openWorld({ limits });
    const watcher = await watched(world);
    await entered(world, 1, 11);
    const { full, add, n } = watcher.last("pd");
    expect([full, add?.length, n]).toEqual([1, 3, 11]);
    const toldCount = watcher.of("pd").length;
    await entered(world, 12, 14);
    expect(watcher.of("pd")).toHaveLength(toldCount);
    await world.clock.advanceAsync(presenceCountMs);
    expect(watcher.of("pd")).toHaveLength(toldCount + 1);
    expect(watcher.last("pd").n).toBe(14);
  });

  it("are listed whole again when they are clearly fewer, and not at the limit itself", async () => {
    const world = await openWorld({ limits });
    const watcher = await watched(world);
    const clients = await entered(world, 1, 11);
    for (const client of clients.slice(0, 1)) await client.drop(1000);
    await world.clock.advanceAsync(presenceCountMs);
    expect([watcher.last("pd").n, watcher.last("pd").add?.length]).toEqual([10, 3]);
    for (const client of clients.slice(1, 2)) await client.drop(1000);
    await world.clock.advanceAsync(presenceCountMs);
    const { full, add, n } = watcher.last("pd");
    expect([full, add?.length, n]).toEqual([1, 9, 9]);
    await clients.at(-1)?.drop(1000);
    await world.clock.advanceAsync(presenceGatherMs);
    expect(watcher.last("pd")).toMatchObject({ add: [], n: 8 });
    expect(watcher.last("pd").del).toHaveLength(1);
  });

  it("are those whose text is too long, too", async () => {
    const world = await openWorld({ limits: { presenceListBytes: 2_000, presenceSampleCount: 1 } });
    const watcher = await watched(world);
    await entered(world, 1, 3, "x".repeat(800));
    expect([watcher.last("pd").n, watcher.last("pd").add?.length]).toEqual([3, 1]);
  });

  it("come in pages that are no longer than a list", async () => {
    const world = await openWorld({ limits: { presenceListBytes: 2_000 } });
    await entered(world, 1, 5, "x".repeat(800));
    const asker = await world.connect({ token: "asker", pid: "pid-asker" });
    let after: string | undefined;
    const sizes: number[] = [];
    for (let more = 1, r = 1; more === 1; r++) {
      await asker.say({ t: "presence", r, ch: "room/1", op: "list", after });
      const page = asker.last("ok").d as { list: { x: string }[]; more: number };
      sizes.push(page.list.length);
      after = page.list.at(-1)?.x;
      more = page.more;
    }
    expect(sizes).toEqual([2, 2, 1]);
  });
});

describe("words about presence", () => {
  it("beyond their rate are refused with the time to wait, and taken after it", async () => {
    const world = await openWorld({ limits: { presencePerSecond: 2, presenceBurst: 3 } });
    const client = await world.connect();
    for (let ver = 1; ver <= 5; ver++) await client.say(enter(ver, ver));
    expect(client.of("ok").map(({ r }) => r)).toEqual([1, 2, 3]);
    const refused = client.of("err");
    expect(refused.map(({ r, code }) => [r, code])).toEqual([
      [4, 429],
      [5, 429],
    ]);
    await world.clock.advanceAsync(refused[0]?.ms ?? 0);
    await client.say(enter(6, 6));
    expect(client.last("ok").r).toBe(6);
  });

  it("make a connection a member of so many channels and no more", async () => {
    const world = await openWorld({ limits: { membershipCount: 2 } });
    const client = await world.connect();
    for (const n of [1, 2, 3]) await client.say(enter(n, n, "here", `room/${n}`));
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([[3, 431]]);
    await client.say(enter(4, 4, "again", "room/2"));
    expect(client.last("ok").r).toBe(4);
  });

  it("fill a channel up to its limit; those who are in can still change", async () => {
    const world = await openWorld({ limits: { presenceMembersMax: 2 } });
    const [first] = await entered(world, 1, 2);
    const third = await world.connect({ token: "late", pid: "pid-late-0" });
    await third.say(enter(1, 1));
    expect(third.last("err").code).toBe(103);
    await first?.say(enter(2, 2, "changed"));
    expect(first?.last("ok").r).toBe(2);
  });
});

describe("an application that counts sessions by their user", () => {
  const channels = { room: openPolicy({ memberKey: ({ userId, x }) => userId ?? x }) };

  it("has one member for all of them, from the first to the last", async () => {
    const world = await openWorld({ channels });
    const watcher = await watched(world);
    const phone = await world.connect({ token: "ada", pid: "pid-phone" });
    const laptop = await world.connect({ token: "ada", pid: "pid-laptop" });
    await phone.say(enter(1, 1, "phone"));
    await world.clock.advanceAsync(presenceGatherMs);
    await laptop.say(enter(1, 1, "laptop"));
    await world.clock.advanceAsync(presenceGatherMs);
    expect(watcher.last("pd")).toMatchObject({ add: [{ x: "ada", u: "ada", d: "laptop" }], n: 1 });
    await laptop.say({ t: "presence", r: 2, ch: "room/1", op: "leave", ver: 2 });
    await world.clock.advanceAsync(presenceGatherMs);
    expect(watcher.last("pd")).toMatchObject({ add: [{ x: "ada", d: "phone" }], del: [], n: 1 });
    await phone.drop(1000);
    await world.clock.advanceAsync(presenceGatherMs);
    expect(watcher.last("pd")).toMatchObject({ add: [], del: ["ada"], n: 0 });
  });

  it("is answered failed when it names nobody, or by too long a name", async () => {
    for (const key of ["", "x".repeat(256)]) {
      const world = await openWorld({ channels: { room: openPolicy({ memberKey: () => key }) } });
      const client = await world.connect();
      await client.say(enter(1, 1));
      expect(client.last("err").code).toBe(310);
      expect(await world.hub.members("room/1")).toEqual([]);
    }
  });
});
