// What users of other systems complained about when handlers and hooks take their time; the titles name the public issues.

import { createClient } from "@heddle/client";
import { call, channel, defineContract } from "@heddle/protocol/contract";
import { createServer, type HeddleServer } from "@heddle/server";
import { SeededRandom } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Line } from "../support/clients.ts";
import { until } from "../support/inbox.ts";

const contract = defineContract({
  channels: { list: channel({ params: { name: z.string() }, events: { item: z.number() } }) },
  calls: {
    slow: call({ input: z.object({}), output: z.string() }),
    quick: call({ input: z.object({}), output: z.string() }),
  },
});
type Server = HeddleServer<typeof contract>;

const count = 24; // fewer than may be unanswered at once, so that other channels are not held up by them
const numbers = Array.from({ length: count }, (_, n) => n);

/** Hooks take 0 to 5 ms, by chance. */
function dawdler(): () => Promise<void> {
  const random = new SeededRandom(7);
  return () => new Promise((resolve) => void setTimeout(resolve, random.between(0, 5)));
}

const newServer = (): Server => createServer({ contract, auth: (token) => (token ? { user: token } : null) });

const clientAt = ({ url }: { readonly url: string }) =>
  createClient<typeof contract>({ url: `${url.replace("http", "ws")}/realtime`, token: () => "ada", backoffMinMs: 20 });

const stored = async (server: Server, name: string): Promise<unknown[]> =>
  (await server.channel("list").history({ name }, { last: 1_000 })).events.map(({ payload }) => payload);

describe("ueberdosis/hocuspocus#880, dotnet/aspnetcore#5351: async handlers with random delays", () => {
  it("→ what one client publishes on a channel is stored and handled in its order, one at a time", async () => {
    await using server = newServer();
    const dawdle = dawdler();
    server.channel("list").on("item", dawdle);
    for (const name of ["slow", "quick"] as const) server.call(name, () => name);
    await using client = clientAt(await server.listen({ port: 0, host: "127.0.0.1" }));
    const list = client.channel("list", { name: "a" });
    const begun: number[] = [];
    let running = 0;
    let runningMost = 0;
    list.on("item", async (n) => {
      begun.push(n);
      runningMost = Math.max(runningMost, ++running);
      await dawdle();
      running--;
    });
    await list.ready();
    await Promise.all(numbers.map((n) => list.publish("item", n)));
    expect(await stored(server, "a")).toEqual(numbers);
    await until(
      () => begun.length === count && running === 0,
      (wake) => void list.on("item", () => setImmediate(wake)),
      () => `${count} items handled, but ${begun.length}`,
    );
    expect(begun).toEqual(numbers);
    expect(runningMost).toBe(1);
  });

  it("→ calls run in parallel: a slow one is passed by those behind it", async () => {
    await using server = newServer();
    let finish = (): void => {};
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    server.call("slow", async () => {
      await mayFinish; // waits for a call that was sent later
      return "slow";
    });
    server.call("quick", () => {
      finish();
      return "quick";
    });
    await using client = clientAt(await server.listen({ port: 0, host: "127.0.0.1" }));
    const ended: string[] = [];
    const both = (["slow", "quick"] as const).map(async (name) => ended.push(await client.call(name, {})));
    await Promise.all(both);
    expect(ended).toEqual(["quick", "slow"]);
  });
});

describe("a slow authorisation hook", () => {
  it("cannot kill or reorder queued publishes, while others go on and though the line is lost", async () => {
    await using server = newServer();
    let decide = (): void => {};
    const decided = new Promise<void>((resolve) => (decide = resolve));
    const dawdle = dawdler();
    let asked = 0;
    server.channel("list").authorize(async ({ params, action }) => {
      if (params.name !== "guarded" || action !== "publish") return true;
      asked++;
      await decided;
      await dawdle();
      return true;
    });
    for (const name of ["slow", "quick"] as const) server.call(name, () => name);
    await server.listen({ port: 0, host: "127.0.0.1" });
    await using line = await Line.to({ server });
    await using client = clientAt(line);
    const guarded = client.channel("list", { name: "guarded" });
    const publishing = Promise.all(numbers.map((n) => guarded.publish("item", n)));
    expect(await client.call("quick", {})).toBe("quick"); // nobody else waits for that hook
    await client.channel("list", { name: "open" }).publish("item", 1);
    expect(asked).toBeGreaterThan(0);
    expect(await stored(server, "guarded")).toEqual([]);

    line.cut(); // every publish that waits loses its connection
    line.mend();
    await until(
      () => client.stats.connects === 2,
      (wake) => void client.onState(wake),
      () => "second connection",
    );
    expect(await client.call("quick", {})).toBe("quick");
    decide();
    const results = await publishing;
    expect(await stored(server, "guarded")).toEqual(numbers);
    // A repeated one is told a position at or behind its own.
    for (const [n, { position }] of results.entries()) expect(position?.[1]).toBeGreaterThan(n);
    expect(client.stats.connects).toBe(2);
  });
});
