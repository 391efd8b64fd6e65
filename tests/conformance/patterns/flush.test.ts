// Channels whose events wait for each other, over real sockets: what is answered at once, and what still holds.

import { createServer } from "@heddle/server";
import { createClient } from "@heddle/client";
import { channel, defineContract, volatile } from "@heddle/protocol/contract";
import { expect, it } from "vitest";
import { z } from "zod";
import { Inbox } from "../support/inbox.ts";
import { RawClient } from "../support/raw-client.ts";

const contract = defineContract({
  channels: {
    feed: channel({ params: {}, events: { line: z.string(), hint: volatile(z.string()) }, flushMs: 50 }),
    plain: channel({ params: {}, events: { line: z.string() } }),
  },
});

async function start() {
  const server = createServer({ contract, auth: (token) => (token ? { user: token } : null) });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { server, url: `${url}/realtime`, [Symbol.asyncDispose]: () => server.close() };
}

const publishOf = (ch: string, n: number): object => ({ t: "pub", r: 10 + n, ch, e: "line", n, pn: n - 1, d: `${n}` });

it.each([
  ["feed", ["ok 11", "ok 12", "ok 13", "m 1", "m 2", "m 3"]],
  ["plain", ["m 1", "ok 11", "m 2", "ok 12", "m 3", "ok 13"]],
])("answers at once what is published to %s, and delivers in order", async (ch, wanted) => {
  await using app = await start();
  await using client = await RawClient.greet(app.url, { k: "ada" });
  client.say({ t: "sub", r: 1, ch, at: "live" });
  await client.answer(1);
  const before = client.frames.length;
  client.say(publishOf(ch, 1), publishOf(ch, 2), publishOf(ch, 3));
  await client.next("m", ({ d }) => d === "3");
  await client.answer(13);
  const told = client.frames
    .slice(before)
    .flatMap(({ t, r, d }) => (t === "ok" || t === "m" ? [`${t} ${String(r ?? d)}`] : []));
  expect(told).toEqual(wanted);
});

it("brings a publisher its own event before the publish resolves that waits for the echo", async () => {
  await using app = await start();
  await using client = createClient<typeof contract>({ url: app.url, token: () => "ada" });
  const inbox = new Inbox<string>();
  const feed = client.channel("feed", {});
  feed.on("line", (line) => inbox.take(line));
  await feed.ready();
  for (const line of ["a", "b"]) await feed.publish("line", line, { until: "echo" });
  expect(inbox.all).toEqual(["a", "b"]);
});
