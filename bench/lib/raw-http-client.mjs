// An HTTP client that costs little: a raw socket that posts, and has the lines of the answers found in memory all share.

import { connect } from "node:net";

/** All sockets are read into the same memory: a read is done with before the next begins. */
const readInto = Buffer.allocUnsafe(65_536);
const newLine = 0x0a;
const zero = 0x30;

/**
 * Posts one request after another over one connection. Answers are 200 and come in chunks that end where lines end, as
 * Heddle's do: then what is between two chunks is lines too.
 *
 * @param onLine    `(bytes, start, end)` of each line of a body
 * @param onAnswer  called when a body has ended: the next may be posted
 * @param onEnd     called once when the socket is gone or the server has refused
 * @returns posts a body to a path
 */
export function openRawHttp(port, { onLine, onAnswer, onEnd }) {
  let rest;
  let isHead = true;
  let isStatus = true;
  let isLast = false;
  let error;
  const onread = {
    buffer: readInto,
    callback(length, memory) {
      take(memory.subarray(0, length));
      return true;
    },
  };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
  socket.on("error", (reason) => (error = reason));
  socket.on("close", () => onEnd(error ?? new Error("the connection was closed")));
  return (path, body) =>
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-ndjson\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );

  function take(chunk) {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(newLine, at);
      if (end < 0) break;
      line(bytes, at, end);
      at = end + 1;
    }
    if (at < bytes.length) rest = Buffer.from(bytes.subarray(at));
  }

  function line(bytes, start, end) {
    const isEmpty = end - start <= 1;
    if (isStatus) {
      isStatus = false;
      if (bytes.toString("latin1", start, start + 12) !== "HTTP/1.1 200")
        socket.destroy(new Error(`refused: ${bytes.toString("latin1", start)}`));
    } else if (isHead) isHead = !isEmpty;
    else if (isLast) {
      isLast = false;
      isHead = isStatus = true;
      onAnswer();
    } else if (end - start === 2 && bytes[start] === zero) isLast = true;
    else if (!isEmpty) onLine(bytes, start, end);
  }
}
