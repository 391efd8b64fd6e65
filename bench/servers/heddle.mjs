// Heddle: the whole system through its public API. Authentication, contract validation, positions, history, counters and
// default limits are on.

import { jwt, signToken } from "@heddle/auth-jwt";
import { createServer, serverLimits } from "@heddle/server";
import { call, channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";
import { serveCommands } from "../lib/serve-commands.mjs";

const secret = "a secret of the benchmark, 32 bytes at least";
const text = z.object({ text: z.string().max(100) });
const contract = defineContract({
  channels: { room: channel({ params: { id: z.string() }, events: { m: text } }) },
  calls: { echo: call({ input: text, output: text }) },
});
// All connections are one user's: what one user may ask for is lifted, what one connection may ask for is counted still.
const most = 1_000_000;
const server = createServer({
  ...{ contract, auth: jwt({ secret }) },
  limits: {
    userConnections: most,
    ...{ framesPerSecond: most, framesBurst: most, userFramesPerSecond: most, userFramesBurst: most },
    ...{ userBytesPerSecond: 1_000 * most, userBytesBurst: 1_000 * most },
  },
});
server.call("echo", ({ text }) => ({ text }));
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
const token = await signToken({ secret, user: "bench", expiresInS: 3_600 });
const payload = { text: "x".repeat(64 - '{"text":""}'.length) };
const room = server.channel("room");
const { windowCost, queueBytes, ringCount } = serverLimits;
let hasFailed = false;

serveCommands(
  () => {
    room.publish({ id: "all" }, "m", payload).catch((error) => {
      if (hasFailed) return;
      hasFailed = true;
      console.error("heddle: a publish failed:", error);
    });
  },
  {
    port,
    path: "/realtime",
    greeting: [
      JSON.stringify({ t: "hello", v: 1, k: token, pid: "bench-#", subs: [{ r: 1, ch: "room/all", at: "live" }] }),
    ],
    setUp:
      `JWT per connection, zod contract, ${server.stats().guarantee.log} log keeping 1 000 entries for a day ` +
      `(${ringCount} warm), positions and chain check, acknowledged window of ${windowCost}, queue of ${queueBytes} bytes, ` +
      "counters, rate limits on clients lifted; the 64 bytes are the payload's JSON",
    marker: '{"t":"m"',
    call: {
      question: `{"t":"call","r":#,"op":"echo","d":${JSON.stringify(payload)}}`,
      answer: `{"t":"ok","r":#,"d":${JSON.stringify(payload)}}`,
    },
    acks: { afterMs: 1_000 },
    pong: { ping: '{"t":"ping"}', pong: '{"t":"pong"}' },
  },
);
