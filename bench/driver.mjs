// The subscribers: raw sockets that shake hands, greet, count deliveries, acknowledge and answer pings as clients do.

import { connect } from "node:net";
import { clientText, FrameReader } from "./lib/frame-reader.mjs";

const { port, path, greeting = [], marker, acks, pong, count } = JSON.parse(process.argv[2]);
const handshakesAtOnce = 50;
/** All sockets are read into the same memory: a read is done with before the next begins. */
const readInto = Buffer.allocUnsafe(65_536);
const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

let deliveries = 0;
/** Tell after this many deliveries; never when 0. */
let tellEvery = 0;
let cpu = process.cpuUsage();
let next = 0;
let open = 0;

process.on("disconnect", () => process.exit());
process.on("message", ({ is, tellAfter }) => {
  if (is === "reset") {
    deliveries = 0;
    tellEvery = tellAfter;
    cpu = process.cpuUsage();
    process.send({ is: "reset" });
  } else if (is === "read") {
    const { user, system } = process.cpuUsage(cpu);
    process.send({ is: "read", deliveries, cpuUs: user + system });
  }
});
for (let started = 0; started < Math.min(handshakesAtOnce, count); started++) subscriber(next++);

function subscriber(index) {
  let head = Buffer.alloc(0);
  let reader;
  const onread = {
    buffer: readInto,
    callback(length, memory) {
      const chunk = memory.subarray(0, length);
      if (reader === undefined) onHead(chunk);
      else reader.push(chunk);
      return true;
    },
  };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
  socket.on("error", (error) => fail(error));
  socket.on("close", () => fail(new Error(`connection ${index} was closed`)));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  function onHead(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (head.toString("latin1", 0, 12) !== "HTTP/1.1 101") return fail(new Error(head.toString("latin1", 0, end)));
    reader = readerFor(socket);
    if (head.length > end + 4) reader.push(head.subarray(end + 4));
    for (const text of greeting) socket.write(clientText(text.replace("#", String(index).padStart(6, "0"))));
    if (next < count) subscriber(next++);
    if (++open === count) setTimeout(() => process.send({ is: "connected" }), 500);
  }
}

function readerFor(socket) {
  const markerBytes = Buffer.from(marker);
  const receipts = acks && new Receipts(socket);
  return new FrameReader((bytes, start, end, opcode) => {
    if (opcode === 9) return socket.write(pongFrame);
    if (startsWith(bytes, start, end, markerBytes)) {
      deliveries++;
      if (tellEvery > 0 && deliveries % tellEvery === 0) process.send({ is: "seen", deliveries });
    } else answer(socket, bytes.toString("utf8", start, end));
    receipts?.took(bytes, start, end);
  });
}

function startsWith(bytes, start, end, wanted) {
  if (end - start < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[start + index] !== wanted[index]) return false;
  return true;
}

function answer(socket, text) {
  if (text === pong?.ping) socket.write(clientText(pong.pong));
}

/** Flow control as clients owe it: totals, when half of the window is used, or a while after there is something to tell. */
class Receipts {
  #socket;
  #halfWindow = undefined;
  #count = 0;
  #cost = 0;
  #toldCost = 0;
  #timer = undefined;

  constructor(socket) {
    this.#socket = socket;
  }

  took(bytes, start, end) {
    if (this.#halfWindow === undefined) {
      const welcome = JSON.parse(bytes.toString("utf8", start, end));
      if (welcome.t !== "welcome") fail(new Error(`welcome expected, came ${JSON.stringify(welcome)}`));
      this.#halfWindow = welcome.w / 2;
      return; // itself it costs nothing
    }
    this.#count++;
    this.#cost += end - start; // the texts are ASCII: bytes are characters
    if (this.#cost - this.#toldCost >= this.#halfWindow) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), acks.afterMs);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldCost = this.#cost;
    this.#socket.write(clientText(`{"t":"ack","n":${this.#count},"b":${this.#cost}}`));
  }
}

function fail(error) {
  console.error(`driver: ${error.message}`);
  process.exit(1);
}
