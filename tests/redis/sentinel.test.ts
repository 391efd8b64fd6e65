// A primary that Sentinels watch: failovers, in order and by force, under two nodes that are not restarted.

import { WatchedRedis } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { eventually, Node, openEngine, pause, roomOf } from "./support/world.ts";

describe("two nodes on what Sentinels name", () => {
  it.each([
    ["an orderly failover", (watched: WatchedRedis) => watched.sentinels[0]?.command("sentinel", "failover", "main")],
    ["the death of the primary", (watched: WatchedRedis) => watched.servers[0].kill()],
    ["a primary that freezes", async (watched: WatchedRedis) => watched.servers[0].freeze()],
  ])("go on after %s without a gap in what was replicated", async (_what, fail) => {
    await using watched = await WatchedRedis.start();
    const options = { url: watched.urls, sentinel: { name: watched.name } };
    await using near = await Node.start(options);
    await using far = await Node.start(options);
    const reader = await far.reader("a");
    const room = roomOf(near.client("ada"), "a");
    for (let n = 1; n <= 10; n++) await room.publish("message", { n });
    await pause(300); // so that the replica has them
    await fail(watched);
    const later = Array.from({ length: 10 }, (_, index) => room.publish("message", { n: 11 + index }));
    await watched.untilPrimary(watched.servers[1]);
    await Promise.all(later);
    await eventually("the last one is read", () => reader.numbers.at(-1) === 20);
    // What the old primary took before it stepped down may be gone; then the reader is told, and the publisher's answer stands.
    const missing = Array.from({ length: 20 }, (_, index) => index + 1).filter((n) => !reader.numbers.includes(n));
    expect(missing.length === 0 || reader.gaps.length > 0).toBe(true);
    expect(reader.numbers.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(reader.numbers).size).toBe(reader.numbers.length);
  });

  it("are refused with the name when the Sentinels know no such primary", async () => {
    await using watched = await WatchedRedis.start();
    const unknown = openEngine({ url: watched.urls, sentinel: { name: "nobody" } });
    await expect(unknown).rejects.toThrow("knows no primary named nobody");
  });
});
