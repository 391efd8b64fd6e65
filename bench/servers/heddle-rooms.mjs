// Heddle with 50 channels, published to in turns; each message says when it was published.

import { jwt, signToken } from "@heddle/auth-jwt";
import { createServer, serverLimits } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";
import { serveCommands } from "../lib/serve-commands.mjs";

const roomCount = 50;
const textLength = 400;

const secret = "a secret of the benchmark, 32 bytes at least";
const contract = defineContract({
  channels: { room: channel({ params: { id: z.string() }, events: { m: z.object({ text: z.string() }) } }) },
});
const server = createServer({ contract, auth: jwt({ secret }), limits: { userConnections: 1_000_000 } });
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
const token = await signToken({ secret, user: "bench", expiresInS: 3_600 });
const room = server.channel("room");
const { queueBytes, controlHeadroomBytes } = serverLimits;
let next = 0;

process.on("message", ({ is }) => {
  if (is === "state") process.send({ is: "state", laggings: server.stats().counters?.laggings ?? 0 });
});

serveCommands(
  () => {
    // One clock for all processes of this machine.
    const text = `${process.hrtime.bigint()} `.padEnd(textLength, "x");
    room.publish({ id: String(next++ % roomCount) }, "m", { text }).catch((error) => {
      console.error("heddle: a publish failed:", error);
      process.exit(1);
    });
  },
  {
    ...{ port, path: "/realtime", roomCount, token, queueBytesMax: queueBytes + controlHeadroomBytes },
    setUp: `${roomCount} channels, ${textLength}-byte texts, windows of 65 536, queues of ${queueBytes} bytes`,
  },
);
