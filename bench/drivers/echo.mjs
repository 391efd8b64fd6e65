// Clients of an echo server: each sends a message, waits for it to come back, and sends the next.

import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";

const { port, path, count, sizeBytes } = JSON.parse(process.argv[2]);
const message = clientText("x".repeat(sizeBytes));
const sockets = [];
const run = { isOn: false, messages: 0, inFlight: 0 };

answerMeter();
process.on("disconnect", () => process.exit());
process.on("message", async ({ is, seconds }) => {
  if (is !== "echo") return;
  run.messages = 0;
  run.isOn = true;
  for (const socket of sockets) send(socket);
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  run.isOn = false;
  const tookMs = performance.now() - startMs;
  while (run.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  process.send({ is: "echoed", messages: run.messages, tookMs });
});

await openMany(count, (index, opened) => {
  openRawClient(
    { port, path },
    (socket) => {
      sockets.push(socket);
      opened();
      return (_bytes, start, end) => {
        if (end - start !== sizeBytes) return fail(`an echo of ${end - start} bytes, ${sizeBytes} expected`);
        run.messages++;
        run.inFlight--;
        if (run.isOn) send(socket);
      };
    },
    (error) => fail(error?.message ?? `connection ${index} was closed`),
  );
});
process.send({ is: "connected" });

function send(socket) {
  run.inFlight++;
  socket.write(message);
}

function fail(why) {
  console.error(`echo driver: ${why}`);
  process.exit(1);
}
