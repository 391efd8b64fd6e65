// Gives bytes to the kernel by the handle under a socket. What Node's own stream adds to a write — a request made for it,
// its own record of what is under way — is a third of the JavaScript of a fan-out, and says what a connection knows.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { writeNow, type WriteDone } from "./write.ts";

/** The object of Node that stands for an open network socket, as far as it is used. */
export interface KernelHandle {
  /** Answers 0 when the bytes are written or wait in libuv's queue, else a libuv error. */
  writeBuffer(request: WriteRequest | null, bytes: Buffer): number;
}

/** What Node makes for a write, and hears of its end by. Of no use to libuv when a write ends at once. */
interface WriteRequest {
  readonly constructor: unknown;
  readonly oncomplete: unknown;
  /** Names what libuv has attached to the request; -1 while that is nothing. */
  getAsyncId(): number;
}

const nothingAttached = -1;

/**
 * The handle of a plain network socket. Undefined for anything else that can be written: TLS, where a write never ends
 * at once, and streams of other makers.
 */
export function kernelHandleOf(socket: Duplex): KernelHandle | undefined {
  if (Object.getPrototypeOf(socket) !== Socket.prototype) return undefined;
  const handle = (socket as Duplex & { _handle?: Partial<KernelHandle> | null })._handle;
  return typeof handle?.writeBuffer === "function" ? (handle as KernelHandle) : undefined;
}

/**
 * The writes of many sockets. A write that ends at once leaves its request as it was, so one request serves them all.
 * How one is made is learnt from a write of Node's own; a Node that shows none costs speed alone: the stream writes.
 */
export class KernelWriter {
  #spare: WriteRequest | undefined;
  /** Undefined until one was seen; gives nothing when what was seen is none that could be made. */
  #makeRequest: (() => WriteRequest | undefined) | undefined;

  /**
   * Writes `chunks` as `writeNow` does, by the socket's `handle` where it has one.
   *
   * @returns true when the kernel took everything at once; only else `done` is called, possibly before this returns
   */
  write(socket: Duplex, handle: KernelHandle | undefined, chunks: readonly Buffer[], done: WriteDone): boolean {
    const [bytes] = chunks;
    if (handle === undefined || bytes === undefined || chunks.length > 1) {
      writeNow(socket, chunks, done);
      return false;
    }
    const request = (this.#spare ??= this.#makeRequest?.());
    if (request === undefined) {
      const write = (): void => writeNow(socket, chunks, done);
      if (this.#makeRequest === undefined) this.#learn(handle, write);
      else write();
      return false;
    }
    if (handle.writeBuffer(request, bytes) !== 0) {
      writeNow(socket, chunks, done); // fails as well, and says why in the stream's words; or the socket is gone
      return false;
    }
    // Not by the length of libuv's queue: it tries twice, and may be told of the end of what the second try took
    // with nothing left in the queue.
    if (request.getAsyncId() === nothingAttached) return true;
    // libuv holds the request until it is done, and then Node asks it for these.
    this.#spare = undefined;
    Object.assign(request, { handle, callback: done, buffer: bytes, async: true });
    return false;
  }

  /** Looks at the request that Node makes for a write to `handle`. */
  #learn(handle: KernelHandle, write: () => void): void {
    const { writeBuffer } = handle;
    handle.writeBuffer = (request, bytes) => {
      this.#makeRequest = makerOf(request);
      return writeBuffer.call(handle, request, bytes);
    };
    try {
      write();
    } finally {
      handle.writeBuffer = writeBuffer;
    }
  }
}

/**
 * How to make a request like this one. Knows nothing of the write it was seen in, and keeps nothing of it alive. Node 26 has
 * none for a write that may end at once.
 */
function makerOf(request: WriteRequest | null): () => WriteRequest | undefined {
  const { constructor, oncomplete } = request ?? {};
  if (typeof constructor !== "function" || typeof oncomplete !== "function") return () => undefined;
  const make = () => Object.assign(Reflect.construct(constructor, []) as WriteRequest, { oncomplete });
  const { getAsyncId } = make() as Partial<WriteRequest>;
  const isTold = typeof getAsyncId === "function" && make().getAsyncId() === nothingAttached;
  return isTold ? make : () => undefined;
}
