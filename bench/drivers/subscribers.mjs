// The subscribers: they greet, count deliveries, acknowledge and answer pings as clients do.

import { countDeliveries, startsWith } from "../lib/deliveries.mjs";
import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { Receipts } from "../lib/receipts.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";

const { port, path, headers, greeting = [], marker, acks, pong, count } = JSON.parse(process.argv[2]);
const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
/** Time for what follows the handshakes. Milliseconds. */
const settleMs = 500;

const delivered = countDeliveries();

answerMeter();
process.on("disconnect", () => process.exit());

await openMany(count, (index, opened) => {
  openRawClient(
    { port, path, headers },
    (socket) => {
      for (const text of greeting) socket.write(clientText(text.replace("#", String(index).padStart(6, "0"))));
      opened();
      return frameHandler(socket);
    },
    (error) => fail(error ?? new Error(`connection ${index} was closed`)),
  );
});
setTimeout(() => process.send({ is: "connected" }), settleMs);

function frameHandler(socket) {
  const receipts = acks && new Receipts(socket, acks.afterMs, fail);
  const wanted = marker === undefined ? Buffer.alloc(0) : Buffer.from(marker);
  return (bytes, start, end, opcode) => {
    if (opcode === 9) return socket.write(pongFrame);
    if (startsWith(bytes, start, end, wanted)) delivered();
    else answer(socket, bytes.toString("utf8", start, end));
    receipts?.took(bytes, start, end);
  };
}

function answer(socket, text) {
  if (text === pong?.ping) socket.write(clientText(pong.pong));
}

function fail(error) {
  console.error(`driver: ${error.message}`);
  process.exit(1);
}
