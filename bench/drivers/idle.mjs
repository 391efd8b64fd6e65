// Clients that connect, greet, and do nothing but answer pings.

import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";

const { port, path, greeting = [], pong } = JSON.parse(process.argv[2]);
const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

answerMeter();
process.on("disconnect", () => process.exit());
process.on("message", async ({ is, count }) => {
  if (is !== "hold") return;
  await openMany(count, (index, opened) => {
    openRawClient(
      { port, path },
      (socket) => {
        for (const text of greeting) socket.write(clientText(text.replace("#", String(index).padStart(6, "0"))));
        opened();
        return (bytes, start, end, opcode) => {
          if (opcode === 9) socket.write(pongFrame);
          else if (pong !== undefined && bytes.toString("utf8", start, end) === pong.ping)
            socket.write(clientText(pong.pong));
        };
      },
      (error) => {
        console.error(`idle driver: connection ${index}: ${error?.message ?? "closed"}`);
        process.exit(1);
      },
    );
  });
  process.send({ is: "held" });
});
process.send({ is: "connected" });
