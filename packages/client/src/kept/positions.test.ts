import { describe, expect, it } from "vitest";
import type { Gap, WirePos } from "@heddle/protocol";
import { at, deferred, entry } from "../testing/scripted-server.ts";
import { Disk, type Run } from "../testing/disk.ts";

const ch = "room/1";

/** Follows the channel from where it was left, and notes what is handled. */
function follow({ scene }: Run, name = ch): { readonly heard: unknown[]; readonly gaps: Gap[] } {
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  const room = scene.client.channel(name, { at: "kept" });
  room.onGap((gap) => void gaps.push(gap));
  room.on("message", (payload) => void heard.push(payload));
  return { heard, gaps };
}

const asked = ({ scene }: Run, name = ch) =>
  scene.link
    .all("sub")
    .filter((sub) => sub.ch === name)
    .at(-1);
const kept = (disk: Disk, name = ch): unknown => JSON.parse(disk.rows.get(`at/${name}`) ?? "null");

describe("a kept position", () => {
  it("begins live, and goes on in the next run behind what was handled, with its ticket", async () => {
    const disk = new Disk();
    const run = await disk.online();
    const { heard } = follow(run);
    expect(asked(run)).toMatchObject({ at: "live" });
    const alias = run.scene.subd(ch, at(100), { j: "ticket" });
    await run.scene.says(entry(alias, 101), entry(alias, 102));
    await disk.clock.advanceAsync(100);
    expect(heard).toEqual([101, 102]);
    run.crash();

    const next = await disk.online();
    const again = follow(next);
    expect(asked(next)).toMatchObject({ at: ["pos", ...at(102)], j: "ticket" });
    const nextAlias = next.scene.subd(ch, at(102), { j: "ticket" });
    await next.scene.says(entry(nextAlias, 103));
    expect(again.heard).toEqual([103]);
    expect(again.gaps).toEqual([]);
  });

  it("is where the subscription began when nothing came", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    run.scene.subd(ch, at(100));
    await disk.clock.advanceAsync(100);
    expect(kept(disk)).toEqual([at(100), null]);
  });

  it("is that of what was handled, not of what came", async () => {
    const disk = new Disk();
    const run = await disk.online();
    const slow = deferred();
    run.scene.client
      .channel(ch, { at: "kept" })
      .on("message", (payload) => (payload === 102 ? slow.promise : undefined));
    const alias = run.scene.subd(ch, at(100));
    await run.scene.says(entry(alias, 101), entry(alias, 102), entry(alias, 103));
    await disk.clock.advanceAsync(1_000);
    expect(kept(disk)).toEqual([at(101), null]);
    slow.resolve();
    await disk.clock.advanceAsync(1_000);
    expect(kept(disk)).toEqual([at(103), null]);
  });

  it("is after a gap the one its handler returns, and not before that is done", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    const loaded = deferred<WirePos>();
    run.scene.client.channel(ch).onGap(() => loaded.promise);
    const alias = run.scene.subd(ch, at(100));
    await run.scene.says({ t: "gap", c: alias, why: "expired", from: at(100), to: at(150) }, entry(alias, 151));
    await disk.clock.advanceAsync(1_000);
    expect(kept(disk)).toEqual([at(100), null]);
    loaded.resolve(at(160));
    await disk.clock.advanceAsync(1_000);
    expect(kept(disk)).toEqual([at(160), null]);
  });

  it("leads to a gap when it is not kept by the server any more, and nothing is skipped in silence", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    run.scene.subd(ch, at(100));
    await disk.clock.advanceAsync(100);
    run.crash();
    const next = await disk.online();
    const { gaps } = follow(next);
    const gap = { why: "expired", from: at(100), to: at(500) } as const;
    next.scene.subd(ch, at(500), { rec: "gap", gap });
    await disk.clock.advanceAsync(100);
    expect(gaps).toEqual([gap]);
    expect(kept(disk)).toEqual([at(500), null]);
  });

  it("is written once for many entries", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    const alias = run.scene.subd(ch, at(100));
    await disk.clock.advanceAsync(1_000);
    const before = disk.writeCount;
    for (let o = 101; o <= 150; o++) await run.scene.says(entry(alias, o));
    await disk.clock.advanceAsync(1_000);
    expect(disk.writeCount).toBe(before + 1);
    expect(kept(disk)).toEqual([at(150), null]);
  });

  it("is written at once when the outbox is closed", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    run.scene.subd(ch, at(100));
    await run.scene.settle();
    expect(kept(disk)).toBeNull();
    await run.outbox.close();
    expect(kept(disk)).toEqual([at(100), null]);
  });

  it("is forgotten for another user's", async () => {
    const disk = new Disk();
    const run = await disk.online();
    follow(run);
    run.scene.subd(ch, at(100));
    await disk.clock.advanceAsync(100);
    run.crash();
    const next = await disk.online({ u: "u2" });
    await disk.clock.advanceAsync(100);
    expect(kept(disk)).toBeNull();
    follow(next);
    expect(asked(next)).toMatchObject({ at: "live" });
  });

  it("is not kept of a channel that does not ask for it", async () => {
    const disk = new Disk();
    const run = await disk.online();
    run.scene.client.channel(ch).on("message", () => undefined);
    run.scene.subd(ch, at(100));
    await disk.clock.advanceAsync(1_000);
    expect(kept(disk)).toBeNull();
  });

  it("makes room for others when there are too many, the longest unchanged first", async () => {
    const disk = new Disk();
    const run = await disk.run({ positionCount: 11 });
    run.scene.client.connect();
    await run.scene.welcomed();
    for (let index = 0; index < 12; index++) {
      follow(run, `room/${index}`);
      run.scene.subd(`room/${index}`, at(100));
    }
    await disk.clock.advanceAsync(100);
    expect(kept(disk, "room/0")).toBeNull();
    expect(kept(disk, "room/1")).not.toBeNull();
    expect([...disk.rows.keys()].filter((key) => key.startsWith("at/"))).toHaveLength(11);
  });
});
