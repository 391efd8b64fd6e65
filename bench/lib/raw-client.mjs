// A WebSocket client that costs little: a raw socket that shakes hands and has its frames found in memory all sockets share.

import { connect } from "node:net";
import { FrameReader } from "./frame-reader.mjs";

/** All sockets are read into the same memory: a read is done with before the next begins. */
const readInto = Buffer.allocUnsafe(65_536);
const headBytesMax = 16_384;

/**
 * @param target   `port` and `path` of the server, and more `headers` of the request, one line each
 * @param onOpen   called once, with the socket, when the server has agreed; returns what is called with each frame:
 *                 `(bytes, start, end, opcode)`
 * @param onEnd    called once when the socket is gone, with an error unless the other side ended it in order
 */
export function openRawClient({ port, path, headers = [] }, onOpen, onEnd) {
  let head = Buffer.alloc(0);
  let reader;
  let error;
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
  socket.on("error", (reason) => (error = reason));
  socket.on("close", () => onEnd(error));
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...headers,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return socket;

  function onHead(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0 && head.length < headBytesMax) return;
    if (head.toString("latin1", 0, 12) !== "HTTP/1.1 101")
      return socket.destroy(new Error(`handshake: ${head.toString("latin1", 0, 200)}`));
    reader = new FrameReader(onOpen(socket));
    if (head.length > end + 4) reader.push(head.subarray(end + 4));
  }
}

/** Opens `count` clients, a few at a time; resolves when all are open. `open` calls `opened` for each. */
export function openMany(count, open, atOnce = 50) {
  let next = 0;
  let openCount = 0;
  return new Promise((resolve) => {
    const opened = () => {
      if (next < count) open(next++, opened);
      if (++openCount === count) resolve();
    };
    while (next < Math.min(atOnce, count)) open(next++, opened);
  });
}
