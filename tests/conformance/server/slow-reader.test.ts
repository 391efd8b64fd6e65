import { createServer } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RawClient, textOf } from "../support/raw-client.ts";

const contract = defineContract({
  channels: { feed: channel({ params: {}, events: { item: z.string() }, history: { entries: 2_000 } }) },
});
const auth = (token: string | undefined) => (token ? { user: token } : null);
const count = 600;
const filler = "x".repeat(2_000); // 600 of them are several windows and several queues

/** Number of each item received, in order. */
const numbers = (client: RawClient): number[] =>
  client.frames.filter(({ t }) => t === "m").map(({ d }) => Number(String(d).split(" ")[0]));
const everything = Array.from({ length: count }, (_, n) => n);

/** Acknowledges whatever comes, as a client that keeps up does. */
function acknowledging(client: RawClient): void {
  let [frames, cost] = [-1, 0]; // the first one is `welcome`, which costs nothing
  client.socket.on("message", (data) => {
    for (const line of textOf(data).split("\n")) if (frames++ >= 0) cost += line.length;
    client.say({ t: "ack", n: Math.max(frames, 0), b: cost });
  });
}

describe("a client that takes nothing", () => {
  it("gets no more than its window, disturbs nobody, and later everything, in order, without a gap", async () => {
    await using server = createServer({ contract, auth });
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using slow = await RawClient.greet(`${url}/realtime`, { k: "slow" });
    const quick = await RawClient.connect(`${url}/realtime`);
    acknowledging(quick);
    quick.say({ t: "hello", v: 1, pid: "quick-0001", k: "quick" });
    for (const client of [slow, quick]) {
      client.say({ t: "sub", r: 1, ch: "feed", at: "live" });
      await client.answer(1);
    }
    for (const n of everything) await server.channel("feed").publish({}, "item", `${n} ${filler}`);
    await quick.next("m", ({ d }) => String(d).startsWith(`${count - 1} `));
    expect(numbers(quick)).toEqual(everything);

    await slow.settled();
    const costOf = (client: RawClient): number =>
      client.frames.slice(1).reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    expect(costOf(slow)).toBeLessThan(262_144 + 10_000);
    expect(server.stats().counters?.laggings).toBeGreaterThan(0);

    let acked = 0;
    while (numbers(slow).length < count) {
      acked = slow.frames.length;
      slow.say({ t: "ack", n: acked - 1, b: costOf(slow) });
      await slow.until(
        () => (slow.frames.length > acked ? true : undefined),
        () => `more than ${numbers(slow).length} items`,
      );
    }
    expect(numbers(slow)).toEqual(everything);
    expect(slow.frames.some(({ t }) => t === "gap")).toBe(false);
    await quick[Symbol.asyncDispose]();
  });

  it("because its socket is stuck is caught up with as well, by what the log keeps", async () => {
    await using server = createServer({ contract, auth });
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using stuck = await RawClient.connect(`${url}/realtime`);
    acknowledging(stuck);
    stuck.say({ t: "hello", v: 1, pid: "stuck-0001", k: "stuck", subs: [{ r: 1, ch: "feed", at: "live" }] });
    await stuck.answer(1);
    stuck.socket.pause();
    for (const n of everything) await server.channel("feed").publish({}, "item", `${n} ${filler}`);
    stuck.socket.resume();
    await stuck.next("m", ({ d }) => String(d).startsWith(`${count - 1} `));
    expect(numbers(stuck)).toEqual(everything);
    expect(stuck.frames.some(({ t }) => t === "gap")).toBe(false);
  });
});
