// Hands bytes to a socket by the method its own stream would call, without the stream's queue: a connection has a queue
// of its own, and two cost a third more JavaScript per write.

import type { Duplex } from "node:stream";

/** Called once per write, when the socket has passed the bytes on or failed to; possibly before the write returns. */
export type WriteDone = (error?: Error | null) => void;

const asItIs = "buffer" as BufferEncoding;

/**
 * Writes `chunks`, in order. One write may be under way at a time: the next must wait for `done`, and the first for
 * `whenEmpty`. `socket.end()` may be called while a write is under way; the end follows it. A destroyed socket takes
 * everything and passes nothing on.
 *
 * `_write` and `_writev` are what every Writable implements. Those of network and TLS sockets give the bytes to the
 * kernel at once, and call back at once when it took all of them; with one write at a time, that is all that a stream's
 * queue would do.
 */
export function writeNow(socket: Duplex, chunks: readonly Buffer[], done: WriteDone): void {
  if (socket.destroyed) done();
  else if (chunks.length === 1) socket._write(chunks[0], asItIs, done);
  else if (typeof socket._writev !== "function") socket._write(Buffer.concat(chunks), asItIs, done);
  else {
    const list = chunks.map((chunk) => ({ chunk, encoding: asItIs }));
    socket._writev(list, done);
  }
}

/** Calls `done` once the stream has passed on what others wrote to it before. */
export function whenEmpty(socket: Duplex, done: WriteDone): void {
  socket.write(Buffer.alloc(0), done);
}

/**
 * How much of the write under way the kernel has not taken. Node's own idle limit reads the same figure; a stream that
 * has none gives undefined, and then only whole writes are seen to be taken.
 */
export function unsentBytes(socket: Duplex): number | undefined {
  return (socket as Duplex & { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize;
}
