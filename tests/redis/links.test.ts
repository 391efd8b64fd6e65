// What an engine does when the way to Redis, or the answer, is missing; and what two nodes think of each other then.

import { EngineError } from "@heddle/hub/ports";
import { RedisServer, TcpProxy } from "@heddle/testkit/process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { draft, eventually, Listener, openEngine, pause } from "./support/world.ts";

let server: RedisServer;
beforeAll(async () => void (server = await RedisServer.start()));
afterAll(() => server[Symbol.asyncDispose]());

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof EngineError ? error.code : error),
  );

describe("an append", () => {
  it("that is not answered is `unknown`, and `dup` when it is sent again", async () => {
    await using own = await RedisServer.start();
    await using engine = await openEngine({ url: own.url });
    const again = draft({ dedup: { by: "producer", x: "x", n: 1, prev: 0, hash: "h" } });
    await engine.log.heads(["a"]);
    own.freeze();
    expect(await codeOf(engine.log.append("a", again))).toBe("unknown");
    own.thaw();
    await eventually("the answer comes", async () => (await codeOf(engine.log.append("a", again))) === "done");
    expect((await engine.log.append("a", again)).s).toBe("dup");
    expect((await engine.log.read("a", { last: 9, limit: 9, bytes: 1e6 })).entries).toHaveLength(1);
  });

  it("is `unreachable` at once while there is no link, and goes through when there is one again", async () => {
    await using own = await RedisServer.start({ isPersistent: true });
    await using engine = await openEngine({ url: own.url });
    await engine.log.append("a", draft());
    await own.kill();
    await eventually("the link is gone", async () => (await codeOf(engine.log.append("a", draft()))) === "unreachable");
    await own.restart();
    const last = draft();
    await eventually("the link is there", async () => (await codeOf(engine.log.append("a", last))) === "done");
    expect((await engine.log.read("a", { last: 1, limit: 1, bytes: 1e6 })).entries[0]?.id).toBe(last.id);
  });

  it("is refused as `overloaded` when too many are under way", async () => {
    await using engine = await openEngine({ url: server.url, prefix: "load:", limits: { pendingCommands: 4 } });
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(engine.log.append("a", draft()))));
    expect(codes).toEqual(["done", "done", "done", "done", "overloaded", "overloaded"]);
  });
});

describe("a log whose script once ended between entry and head", () => {
  it("takes the stream's last entry for the head, and recognises it when it is sent again", async () => {
    await using engine = await openEngine({ url: server.url, prefix: "half:" });
    const lost = draft();
    await engine.log.append("a", draft());
    const before = await engine.log.heads(["a"]);
    await engine.log.append("a", lost);
    const [meta = ""] = (await server.command("keys", "half:*m:a")).split("\n");
    const back = (): Promise<string> => server.command("hset", meta, "s", "1", "t", `${before[0]?.tag}`);
    await back();
    for (const key of (await server.command("keys", "half:*k:*")).split("\n")) await server.command("del", key);
    expect(await engine.log.append("a", lost)).toMatchObject({ s: "dup", pos: { offset: 2, tag: lost.tag } });
    await back();
    const { head } = await engine.log.read("a", { last: 9, limit: 9, bytes: 1e6 });
    expect(head).toMatchObject({ offset: 2, tag: lost.tag });
    expect(await engine.log.append("a", draft())).toMatchObject({ s: "new", pos: { offset: 3 } });
  });
});

describe("a link that passes nothing on and does not end", () => {
  it("is noticed by its probes: the sinks are told, and attach to a later generation", async () => {
    await using proxy = await TcpProxy.open({ port: server.port });
    await using engine = await openEngine({ url: `redis://127.0.0.1:${proxy.port}`, prefix: "mute:" });
    const listener = new Listener();
    const { gen } = await engine.log.attach("a", listener);
    proxy.setWeather("down", { isBlackhole: true });
    await eventually("the sink is told", () => listener.breaks.length > 0);
    expect(listener.breaks[0]).toContain("two probes did not come back");
    proxy.calm();
    await eventually("it attaches again", async () => {
      const attached = await engine.log.attach("a", listener).catch(() => undefined);
      return attached !== undefined && attached.gen > gen;
    });
    await eventually("an append goes through", async () => (await codeOf(engine.log.append("a", draft()))) === "done");
    await eventually("it is shown", () => listener.entries.length > 0);
  });
});

describe("two nodes", () => {
  it("take each other for gone after a lease, but only with a link of their own", async () => {
    await using proxy = await TcpProxy.open({ port: server.port });
    await using there = await openEngine({ url: server.url, prefix: "lease:", node: "there" });
    await using cut = await openEngine({ url: `redis://127.0.0.1:${proxy.port}`, prefix: "lease:", node: "cut" });
    const left = { there: [] as string[], cut: [] as string[] };
    there.registry.changed.on((change) => void left.there.push(...change.left));
    cut.registry.changed.on((change) => void left.cut.push(...change.left));
    await eventually("they know each other", () => [there, cut].every(({ registry }) => registry.alive().length === 2));
    for (const way of ["up", "down"] as const) proxy.setWeather(way, { isBlackhole: true });
    await eventually("the one with a link misses the other", () => left.there.length > 0);
    await pause(800);
    expect(left).toEqual({ there: ["cut"], cut: [] });
    const ups: boolean[] = [];
    cut.bus.link.on(({ up }) => void ups.push(up));
    proxy.calm();
    await eventually("they know each other again", () => there.registry.alive().includes("cut"));
    await eventually("the link is said to be up", () => ups.includes(true));
    expect(left.cut).toEqual([]);
  });
});
