import { describe, expect, it } from "vitest";
import type { ServerFrame } from "@heddle/protocol";
import { at, entry, Scene } from "../testing/scripted-server.ts";

const given = (ch: string, c: number, o: number): ServerFrame => ({
  t: "subd",
  ch,
  c,
  p: at(o),
  m: "resume",
  rec: "none",
  j: `ticket-${ch}`,
});

describe("notices", () => {
  it("come to this user, to everybody and to this connection, by name", async () => {
    const scene = await Scene.online();
    const heard: unknown[] = [];
    scene.client.onNotice("notify", (payload, { position }) => void heard.push([payload, position]));
    await scene.says(given("$me", 5, 1), given("$all", 6, 7));
    await scene.says(
      entry(5, 2, { e: "notify", d: "me" }),
      entry(6, 8, { e: "notify", d: "all" }),
      entry(5, 3, { e: "other", d: "not heard" }),
    );
    await scene.says({ t: "m", c: 0, e: "notify", d: "here" });
    expect(heard).toEqual([
      ["me", at(2)],
      ["all", at(8)],
      ["here", undefined],
    ]);
  });

  it("go on where they were: both channels are named first in the next hello, with positions and tickets", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    await scene.says(given("$me", 5, 1), entry(5, 2));
    const hello = await scene.reconnect();
    expect(hello.subs).toMatchObject([{ ch: "$me", at: ["pos", ...at(2)], j: "ticket-$me" }, { ch: "room/1" }]);
    scene.subd("$me", at(2), { c: 9 });
    const heard: unknown[] = [];
    scene.client.onNotice("message", (payload) => void heard.push(payload));
    await scene.says(entry(9, 3));
    expect(heard).toEqual([3]);
  });

  it("that were missed are said so", async () => {
    const scene = await Scene.online();
    const gaps: unknown[] = [];
    scene.client.onNoticeGap((gap) => void gaps.push(gap));
    await scene.says(given("$all", 6, 7), { t: "gap", c: 6, why: "expired", from: at(7), to: at(50) });
    expect(gaps).toEqual([{ channel: "$all", why: "expired", from: at(7), to: at(50) }]);
  });

  it("are not held up by a slow handler", async () => {
    const scene = await Scene.online();
    const heard: unknown[] = [];
    scene.client.onNotice("message", (payload) => {
      heard.push(payload);
      return new Promise(() => undefined);
    });
    await scene.says(given("$me", 5, 1), entry(5, 2), entry(5, 3));
    expect(heard).toEqual([2, 3]);
  });

  it("whose stream breaks begin a new connection, for want of another way to have it again", async () => {
    const scene = await Scene.online();
    await scene.says(given("$me", 5, 1), entry(5, 4));
    expect(scene.client.state).toMatchObject({ name: "waiting", why: "$me: broken" });
    await scene.nextAttempt();
    expect((await scene.welcomed()).subs).toMatchObject([{ ch: "$me", at: ["pos", ...at(1)] }]);
  });

  it("that a server does not have any more are not asked for again", async () => {
    const scene = await Scene.online();
    await scene.says(given("$me", 5, 1));
    const [sub] = (await scene.reconnect()).subs ?? [];
    await scene.says({ t: "err", r: sub?.r ?? -1, code: 302, name: "unknown_name" });
    expect((await scene.reconnect()).subs).toEqual([]);
  });
});
