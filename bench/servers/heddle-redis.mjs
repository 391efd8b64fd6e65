// A node on a Redis that others share: one room for each name, history on, everybody signed in.

import { redis } from "@heddle/engine-redis";
import { channel, defineContract } from "@heddle/protocol/contract";
import { createServer } from "@heddle/server";
import { z } from "zod";

const { url, name } = JSON.parse(process.argv[2]);
const contract = defineContract({
  channels: { room: channel({ params: { n: z.string() }, events: { m: z.string() }, history: { entries: 1_000 } }) },
});
const server = createServer({
  contract,
  secret: "the same on all nodes of the benchmark",
  engine: redis({ url, node: name }),
  auth: (token) => (token ? { user: token } : null),
});
server.channel("room").authorize(() => true);
process.on("disconnect", () => process.exit());
process.on("message", async ({ is, rooms }) => {
  if (is === "tell") process.send({ is: "told", storeReads: server.stats().counters.storeReads });
  if (is !== "publish") return;
  for (let n = 0; n < rooms; n++) await server.channel("room").publish({ n: String(n) }, "m", "x".repeat(64));
  process.send({ is: "published" });
});
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.send({ is: "ready", port });
