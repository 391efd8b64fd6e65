// The subscribers: raw sockets that shake hands, greet, count deliveries, acknowledge and answer pings as clients do.

import { connect } from "node:net";
import { clientText, FrameReader } from "./lib/frame-reader.mjs";

const { port, path, greeting = [], marker, acks = false, pong, count } = JSON.parse(process.argv[2]);
const windowCost = 262_144;
const handshakesAtOnce = 50;
let deliveries = 0;

process.on("message", ({ is }) => {
  if (is === "reset") {
    deliveries = 0;
    cpu = process.cpuUsage();
    process.send({ is: "reset" });
  } else if (is === "read") {
    const { user, system } = process.cpuUsage(cpu);
    process.send({ is: "read", deliveries, cpuUs: user + system });
  }
});
let cpu = process.cpuUsage();

let next = 0;
let open = 0;
for (let started = 0; started < Math.min(handshakesAtOnce, count); started++) subscriber(next++);

function subscriber(index) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let head = Buffer.alloc(0);
  socket.on("error", (error) => fail(error));
  socket.on("close", () => fail(new Error(`connection ${index} was closed`)));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  socket.on("data", function onHead(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!head.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101")))
      return fail(new Error(head.subarray(0, end).toString()));
    socket.off("data", onHead);
    const reader = readerFor(socket);
    socket.on("data", (bytes) => reader.push(bytes));
    if (head.length > end + 4) reader.push(head.subarray(end + 4));
    for (const text of greeting) socket.write(clientText(text.replace("#", String(index).padStart(6, "0"))));
    if (next < count) subscriber(next++);
    if (++open === count) setTimeout(() => process.send({ is: "connected" }), 500);
  });
}

function readerFor(socket) {
  const markerBytes = Buffer.from(marker);
  const isWholeMarker = marker.startsWith("{");
  let seen = 0;
  let cost = 0;
  let ackedCost = 0;
  return new FrameReader((payload, opcode) => {
    if (opcode === 9) return socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    const isDelivery = isWholeMarker
      ? payload.subarray(0, markerBytes.length).equals(markerBytes)
      : payload.length >= 64 && payload.includes(markerBytes);
    if (isDelivery) deliveries++;
    else if (pong !== undefined && payload.length === 1 && payload.toString() === pong.ping)
      socket.write(clientText(pong.pong));
    else if (acks && payload.toString() === '{"t":"ping"}') socket.write(clientText('{"t":"pong"}'));
    if (!acks || seen++ === 0) return; // welcome itself does not count
    cost += payload.length;
    if (cost - ackedCost < windowCost / 2) return;
    ackedCost = cost;
    socket.write(clientText(JSON.stringify({ t: "ack", n: seen - 1, b: cost })));
  });
}

function fail(error) {
  console.error(`driver: ${error.message}`);
  process.exit(1);
}
