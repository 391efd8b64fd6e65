// Clients of an echo server: each sends a message, waits for it to come back, and sends the next.

import { answerDrive } from "../lib/answer-drive.mjs";
import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";

const { port, path, count, sizeBytes } = JSON.parse(process.argv[2]);
const message = clientText("x".repeat(sizeBytes));
const sockets = [];
const run = answerDrive(() => sockets.forEach(send));

answerMeter();
process.on("disconnect", () => process.exit());
await openMany(count, (index, opened) => {
  openRawClient(
    { port, path },
    (socket) => {
      sockets.push(socket);
      opened();
      return (_bytes, start, end) => {
        if (end - start !== sizeBytes) return fail(`an echo of ${end - start} bytes, ${sizeBytes} expected`);
        run.count++;
        run.underWay--;
        if (run.isOn) send(socket);
      };
    },
    (error) => fail(error?.message ?? `connection ${index} was closed`),
  );
});
process.send({ is: "connected" });

function send(socket) {
  run.underWay++;
  socket.write(message);
}

function fail(why) {
  console.error(`echo driver: ${why}`);
  process.exit(1);
}
