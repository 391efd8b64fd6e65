// Clients that call: each asks, waits for the answer, and asks again. They greet, acknowledge and answer pings as clients do.

import { answerDrive } from "../lib/answer-drive.mjs";
import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";
import { Receipts } from "../lib/receipts.mjs";

const { port, path, greeting, call, acks, pong, count } = JSON.parse(process.argv[2]);
const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
/** Time for what follows the handshakes. Milliseconds. */
const settleMs = 500;
const clients = [];
const run = answerDrive(() => clients.forEach((ask) => ask()));

answerMeter();
process.on("disconnect", () => process.exit());
await openMany(count, (index, opened) => {
  openRawClient(
    { port, path },
    (socket) => {
      for (const text of greeting) socket.write(clientText(text.replace("#", String(index).padStart(6, "0"))));
      opened();
      return caller(socket);
    },
    (error) => fail(error?.message ?? `connection ${index} was closed`),
  );
});
setTimeout(() => process.send({ is: "connected" }), settleMs);

function caller(socket) {
  const receipts = acks && new Receipts(socket, acks.afterMs, (error) => fail(error.message));
  let number = 10; // the greeting's are lower
  let answer = "";
  const ask = () => {
    run.underWay++;
    number++;
    answer = call.answer.replace("#", number);
    socket.write(clientText(call.question.replace("#", number)));
  };
  clients.push(ask);
  return (bytes, start, end, opcode) => {
    if (opcode === 9) return socket.write(pongFrame);
    receipts?.took(bytes, start, end);
    const text = bytes.toString("latin1", start, end);
    if (text === answer) {
      run.count++;
      run.underWay--;
      if (run.isOn) ask();
    } else if (text === pong.ping) socket.write(clientText(pong.pong));
    else if (run.isOn) fail(`${text.slice(0, 200)} came, not ${answer.slice(0, 200)}`);
  };
}

function fail(why) {
  console.error(`call driver: ${why}`);
  process.exit(1);
}
