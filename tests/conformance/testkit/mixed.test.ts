import { createClient } from "@heddle/client";
import { memoryNetwork, recordDeliveries } from "@heddle/testkit";
import { createServer } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { expect, it } from "vitest";
import { z } from "zod";
import { until } from "../support/inbox.ts";

const contract = defineContract({ channels: { news: channel({ params: {}, events: { item: z.string() } }) } });

it("serves sockets and connections in memory at once, in real time, from the same log", async () => {
  const net = memoryNetwork();
  await using server = createServer({ ...net.serverOptions(), contract, auth: (user) => (user ? { user } : null) });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  await net.listen(server);
  const token = (): string => "ada";
  await using near = createClient<typeof contract>({ ...net.clientOptions("ada"), token });
  await using far = createClient<typeof contract>({ url: `ws://127.0.0.1:${port}/realtime`, token });
  const channels = [near.channel("news"), far.channel("news")] as const;
  const seen = channels.map((each) => recordDeliveries(each));
  await Promise.all(channels.map((each) => each.ready()));
  const wanted = ["a", "b", "c"];
  for (const item of wanted) await server.channel("news").publish({}, "item", item);
  for (const [index, each] of channels.entries()) {
    await until(
      () => seen[index]?.all.length === wanted.length,
      (wake) => void each.onAny(wake),
      () => `delivery to client ${index}`,
    );
    seen[index]?.expectDelivered(wanted);
  }
  expect(net.linkCount("ada")).toBe(1);
});
