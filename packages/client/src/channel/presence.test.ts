import { describe, expect, it } from "vitest";
import type { WireMember } from "@heddle/protocol";
import { at, Scene } from "../testing/scripted-server.ts";

const member = (x: string, d: unknown = x, ver = 1): WireMember => ({ x, ver, u: `user-${x}`, d });

async function watching(): Promise<{ scene: Scene; alias: number; counts: number[] }> {
  const scene = await Scene.online();
  const counts: number[] = [];
  scene.client.channel("room/1").presence.onChange(({ count }) => void counts.push(count));
  return { scene, alias: scene.subd("room/1", at(1)), counts };
}

describe("who is there", () => {
  it("is asked for with the subscription, told as a list and kept by differences", async () => {
    const { scene, alias, counts } = await watching();
    const { presence } = scene.client.channel("room/1");
    expect(scene.link.last("sub").pr).toBe(1);
    await scene.says({ t: "pd", c: alias, v: 4, full: 1, add: [member("a"), member("b")], n: 2 });
    expect(presence.members.get("a")).toEqual({ x: "a", user: "user-a", data: "a" });
    await scene.says({ t: "pd", c: alias, v: 5, add: [member("c"), member("a", "changed", 2)], del: ["b"], n: 2 });
    expect([...presence.members.values()].map(({ data }) => data)).toEqual(["changed", "c"]);
    expect(presence.count).toBe(2);
    expect(counts).toEqual([2, 2]);
    expect(scene.link.all("presence")).toEqual([]);
  });

  it("is asked for as a list when a difference was missed", async () => {
    const { scene, alias } = await watching();
    const { presence } = scene.client.channel("room/1");
    await scene.says({ t: "pd", c: alias, v: 4, full: 1, add: [member("a")], n: 1 });
    await scene.says({ t: "pd", c: alias, v: 6, add: [member("c")], n: 2 });
    const { r, op } = scene.link.last("presence");
    expect(op).toBe("list");
    await scene.says({ t: "ok", r, d: { list: [member("b"), member("c")], n: 2, more: 0 } });
    expect([...presence.members.keys()]).toEqual(["b", "c"]);
    await scene.says({ t: "pd", c: alias, v: 7, del: ["b"], n: 1 });
    expect([...presence.members.keys()]).toEqual(["c"]);
  });

  it("is asked for as long as it takes, and is nobody's failure when the client is closed meanwhile", async () => {
    const { scene, alias } = await watching();
    const { presence } = scene.client.channel("room/1");
    await scene.says({ t: "pd", c: alias, v: 4, full: 1, n: 0 }, { t: "pd", c: alias, v: 6, add: [member("c")], n: 2 });
    await scene.clock.advanceAsync(20_000);
    scene.link.drop();
    await scene.clock.advanceAsync(40_000); // longer than a question that somebody waits for
    await scene.welcomed();
    await scene.says({ t: "ok", r: scene.link.last("presence").r, d: { list: [member("b")], n: 1, more: 0 } });
    expect([...presence.members.keys()]).toEqual(["b"]);

    const again = scene.subd("room/1", at(1));
    await scene.says({ t: "pd", c: again, v: 4, full: 1, n: 0 }, { t: "pd", c: again, v: 9, add: [member("c")], n: 2 });
    expect(scene.link.all("presence")).toHaveLength(2);
    void scene.client.close();
    await scene.settle();
    expect(scene.errors).toEqual([]);
  });

  it("is not told by a difference that is older than the list", async () => {
    const { scene, alias, counts } = await watching();
    await scene.says({ t: "pd", c: alias, v: 4, full: 1, n: 0 }, { t: "pd", c: alias, v: 4, add: [member("a")], n: 1 });
    expect(counts).toEqual([0]);
  });

  it("is a number and some of them when there are too many, and a list again when they are few", async () => {
    const { scene, alias, counts } = await watching();
    const { presence } = scene.client.channel("room/1");
    await scene.says({ t: "pd", c: alias, v: 4, full: 1, add: [member("a"), member("b")], n: 2 });
    await scene.says({ t: "pd", c: alias, v: 5, full: 1, add: [member("a")], n: 5_000 });
    expect([presence.count, [...presence.members.keys()]]).toEqual([5_000, ["a"]]);
    await scene.says({ t: "pd", c: alias, v: 6, full: 1, add: [], n: 4_000 });
    expect([presence.count, presence.members.size]).toEqual([4_000, 0]);
    await scene.says({ t: "pd", c: alias, v: 7, full: 1, add: [member("a"), member("c")], n: 2 });
    expect([...presence.members.keys()]).toEqual(["a", "c"]);
    expect(counts).toEqual([2, 5_000, 4_000, 2]);
  });

  it("joins a subscription that did not follow it", async () => {
    const scene = await Scene.online();
    const room = scene.client.channel("room/1");
    room.on("message", () => undefined);
    scene.subd("room/1", at(1));
    room.presence.onChange(() => undefined);
    expect(scene.link.all("unsub")).toHaveLength(1);
    expect(scene.link.last("sub")).toMatchObject({ at: ["pos", ...at(1)], pr: 1 });
  });

  it("can be asked for once, without a subscription", async () => {
    const scene = await Scene.online();
    const listed = scene.client.channel("room/1").presence.list({ limit: 10, after: "a" });
    await scene.settle();
    const asked = scene.link.last("presence");
    expect(asked).toEqual({ t: "presence", ch: "room/1", op: "list", limit: 10, after: "a", r: asked.r });
    await scene.says({ t: "ok", r: asked.r, d: { list: [member("b")], n: 1, more: 0 } });
    await expect(listed).resolves.toEqual([{ x: "b", user: "user-b", data: "b" }]);
  });
});

describe("being there", () => {
  it("is said again on every connection, until it is left", async () => {
    const scene = await Scene.online();
    const { presence } = scene.client.channel("room/1");
    const entered = presence.enter({ name: "Ada" });
    await scene.settle();
    await scene.says({ t: "ok", r: scene.link.last("presence").r });
    await entered;
    const first = scene.link.last("presence");
    await scene.reconnect();
    const second = scene.link.last("presence");
    expect(second).toMatchObject({ op: "enter", d: { name: "Ada" } });
    expect(second.ver).toBeGreaterThan(first.ver ?? 0);
    await scene.says({ t: "ok", r: second.r });
    const left = presence.leave();
    await scene.settle();
    await scene.says({ t: "ok", r: scene.link.last("presence").r });
    await left;
    await scene.reconnect();
    expect(scene.link.all("presence")).toEqual([]);
  });

  it("is said once on a connection that comes while it was unanswered", async () => {
    const scene = await Scene.online();
    void scene.client.channel("room/1").presence.enter(1);
    await scene.settle();
    await scene.reconnect();
    expect(scene.link.all("presence")).toHaveLength(1);
  });

  it("ends with a refusal, also one on a later connection", async () => {
    const scene = await Scene.online();
    const { presence } = scene.client.channel("room/1");
    const refuse = (): Promise<void> =>
      scene.says({ t: "err", r: scene.link.last("presence").r, code: 203, name: "forbidden" });
    const refused = presence.enter(1);
    await scene.settle();
    await Promise.all([expect(refused).rejects.toMatchObject({ code: 203 }), refuse()]);
    await scene.reconnect();
    expect(scene.link.all("presence")).toEqual([]);

    const entered = presence.enter(2);
    await scene.settle();
    await scene.says({ t: "ok", r: scene.link.last("presence").r });
    await entered;
    await scene.reconnect();
    await refuse();
    expect(scene.errors).toMatchObject([{ code: 203 }]);
    await scene.reconnect();
    expect(scene.link.all("presence")).toEqual([]);
  });

  it("and leaving arrive in the order they were said, whatever has to wait", async () => {
    const scene = await Scene.online();
    const { presence } = scene.client.channel("room/1");
    const entered = presence.enter(1);
    await scene.settle();
    await scene.says({ t: "err", r: scene.link.last("presence").r, code: 103, name: "overloaded", ms: 100 });
    const left = presence.leave();
    await scene.settle();
    expect(scene.link.all("presence").map(({ op }) => op)).toEqual(["enter"]);
    await scene.clock.advanceAsync(100);
    expect(scene.link.all("presence").map(({ op }) => op)).toEqual(["enter", "enter", "leave"]);
    for (const { r } of scene.link.all("presence")) await scene.says({ t: "ok", r });
    await Promise.all([entered, left]);
  });
});
