// Subscribers of many channels, some of which stop reading when told. Of the others every tenth is asked how late things are.

import { clientText } from "../lib/frame-reader.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { Receipts } from "../lib/receipts.mjs";
import { openMany, openRawClient } from "../lib/raw-client.mjs";

const { port, path, token, roomCount, count, stalledCount } = JSON.parse(process.argv[2]);
const settleMs = 500;
const marker = Buffer.from('"text":"');
const sampledEvery = 10;

const stalling = [];
let deliveries = 0;
let latenciesMs = [];

answerMeter();
process.on("disconnect", () => process.exit());
process.on("message", ({ is }) => {
  if (is === "stall") for (const socket of stalling) socket.pause();
  if (is === "go on") for (const socket of stalling) socket.resume();
  if (is === "reset") [deliveries, latenciesMs] = [0, []];
  if (is === "read") process.send({ is: "read", deliveries, latenciesMs });
});

await openMany(count, (index, opened) => {
  openRawClient(
    { port, path },
    (socket) => {
      const subs = [{ r: 1, ch: `room/${index % roomCount}`, at: "live" }];
      const pid = `bench-${String(index).padStart(6, "0")}`;
      socket.write(clientText(JSON.stringify({ t: "hello", v: 1, k: token, pid, w: 65_536, subs })));
      // Spread over the channels: the first so many of all.
      const isStalling = index < stalledCount;
      if (isStalling) stalling.push(socket);
      opened();
      return reader(socket, isStalling, index % sampledEvery === 0);
    },
    (error) => fail(error ?? new Error(`connection ${index} was closed`)),
  );
});
setTimeout(() => process.send({ is: "connected" }), settleMs);

function reader(socket, isStalling, isSampled) {
  const receipts = new Receipts(socket, 1_000, fail);
  return (bytes, start, end, opcode) => {
    if (opcode !== 1) return;
    receipts.took(bytes, start, end);
    if (bytes.toString("latin1", start, start + 9) !== '{"t":"m",') {
      if (bytes.toString("latin1", start, end) === '{"t":"ping"}') socket.write(clientText('{"t":"pong"}'));
      return;
    }
    if (isStalling) return;
    deliveries++;
    if (!isSampled) return;
    const at = bytes.indexOf(marker, start) + marker.length;
    const sent = BigInt(bytes.toString("latin1", at, bytes.indexOf(32, at)));
    latenciesMs.push(Number(process.hrtime.bigint() - sent) / 1e6);
  };
}

function fail(error) {
  console.error(`driver: ${error.message}`);
  process.exit(1);
}
