// What needs time to pass in Redis itself, whose clock nobody can put forward: so it is waited for, and kept short.

import { RedisServer } from "@heddle/testkit/process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { draft, eventually, openEngine, pause } from "./support/world.ts";

let server: RedisServer;
beforeAll(async () => void (server = await RedisServer.start()));
afterAll(() => server[Symbol.asyncDispose]());

const everything = { last: 100, limit: 100, bytes: 1e6 };

it("hides entries older than the channel keeps, proves their end, and stamps them with Redis's clock", async () => {
  await using engine = await openEngine({ url: server.url, prefix: "age:" });
  const keep = { entries: 100, ageMs: 400 };
  for (let index = 0; index < 40; index++) await engine.log.append("a", draft({ keep }));
  await pause(450);
  await engine.log.append("a", draft({ keep }));
  const { entries, floor, head } = await engine.log.read("a", everything);
  expect([entries.length, floor.offset, head.offset]).toEqual([1, 40, 41]);
  expect(Math.abs((entries[0]?.ts ?? 0) - Date.now())).toBeLessThan(5_000);
  await eventually("the last is too old", async () => (await engine.log.read("a", everything)).entries.length === 0);
  const empty = await engine.log.read("a", { after: head, limit: 9, bytes: 1e6 });
  expect(empty).toMatchObject({ proof: "linked", floor: head, head });
  expect((await engine.log.read("a", { after: floor, limit: 9, bytes: 1e6 })).proof).toBe("trimmed");
  expect(await engine.log.append("a", draft({ keep }))).toMatchObject({ s: "new", pos: { offset: 42 } });
});

it("forgets a producer after the window, and not before", async () => {
  await using engine = await openEngine({ url: server.url, prefix: "window:", limits: { dedupWindowMs: 1_000 } });
  const same = draft({ dedup: { by: "producer", x: "x", n: 1, prev: 0, hash: "h" } });
  await engine.log.append("a", same);
  await pause(300);
  expect((await engine.log.append("a", same)).s).toBe("dup");
  await eventually("it is forgotten", async () => (await engine.log.append("a", same)).s === "new");
});

it("gives every key an end, also those of channels that were only looked at", async () => {
  await using engine = await openEngine({ url: server.url, prefix: "end:" });
  await engine.log.heads(["looked at"]);
  await engine.log.append("written", draft());
  await engine.log.read("read", everything);
  const keys = (await server.command("keys", "end:*")).split("\n").filter((key) => !key.includes("layout"));
  expect(keys).toHaveLength(5);
  for (const key of keys) expect([key, Number(await server.command("pttl", key)) > 0]).toEqual([key, true]);
});
