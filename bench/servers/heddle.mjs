// Heddle: the whole system through its public API. Authentication, contract validation, positions, history and default
// limits are on.

import { createServer, jwt, signToken } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";
import { servePublishing } from "../lib/publish-loop.mjs";

const secret = "a secret of the benchmark, 32 bytes at least";
const contract = defineContract({
  channels: { room: channel({ params: { id: z.string() }, events: { m: z.object({ text: z.string().max(100) }) } }) },
});
const server = createServer({ contract, auth: jwt({ secret }) });
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
const token = await signToken({ secret, user: "bench", expiresInS: 3_600 });
const payload = { text: "x".repeat(64 - '{"text":""}'.length) };
const room = server.channel("room");
let failed = false;

servePublishing(
  () => {
    room.publish({ id: "all" }, "m", payload).catch((error) => {
      if (!failed) console.error(error);
      failed = true;
    });
  },
  {
    port,
    path: "/realtime",
    greeting: [
      JSON.stringify({ t: "hello", v: 1, k: token, pid: "bench-#", subs: [{ r: 1, ch: "room/all", at: "live" }] }),
    ],
    setUp: "JWT, zod contract, history 1 000 entries in memory, positions, flow control, default limits",
    marker: '{"t":"m"',
    acks: true,
  },
);
