// A connection on a socket whose other end is the test.

/// <reference types="node" />

import { Duplex } from "node:stream";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";
import { packFrame, prepareText, type PreparedFrame } from "../core/frame.ts";
import type { ConnectionDeflate } from "../deflate/deflate-kit.ts";
import type { Role } from "../core/opcode.ts";
import { connectionKit, type ConnectionKit } from "../node/connection-kit.ts";
import { resolveConnection, type ConnectionOptions } from "../node/connection-options.ts";
import { WebSocketConnection } from "../node/connection.ts";

/** A socket whose other end is the test: what is written is kept as it came, and taken only while the socket is open. */
export class FakeSocket extends Duplex {
  readonly writes: Buffer[] = [];
  isStuck = false;
  /** What the next writes fail with. */
  fails: Error | undefined;
  #stuck: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true, writableHighWaterMark: 1_000 });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#take([chunk], done);
  }

  override _writev(list: readonly { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#take(
      list.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: () => void): void {
    done();
  }

  /** The kernel takes what it has been given, and everything from now on. */
  unstick(): void {
    this.isStuck = false;
    const done = this.#stuck;
    this.#stuck = undefined;
    done?.();
  }

  #take(chunks: readonly Buffer[], done: (error?: Error) => void): void {
    if (this.fails !== undefined) return done(this.fails);
    this.writes.push(...chunks);
    if (this.isStuck) this.#stuck = done;
    else done();
  }

  /** What was written so far as unmasked frames under 126 bytes, each in hex. */
  get frames(): string[] {
    const bytes = Buffer.concat(this.writes);
    const frames: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 2 + bytes.readUInt8(at + 1);
      frames.push(bytes.toString("hex", at, end));
      at = end;
    }
    return frames;
  }
}

/** Lets the streams' own ticks happen, and the sockets of this process. */
export const settle = async (): Promise<void> => {
  await new Promise<void>((resolve) => systemClock().turnEnd(resolve));
};

export const textFrame = (text: string): PreparedFrame => prepareText(Buffer.from(text));

/** A kit on a fake clock, and a way to open connections of it. */
export function setUp(options: ConnectionOptions = {}, role: Role = "server") {
  const clock = new FakeClock();
  const kit = connectionKit(role, clock, new SeededRandom(7), resolveConnection(options));
  return { clock, kit, open: (deflate?: ConnectionDeflate) => openOn(kit, deflate) };
}

/** A started connection, its socket, and what its owner was told. */
export function openOn(kit: ConnectionKit, deflate?: ConnectionDeflate) {
  const socket = new FakeSocket();
  const connection = new WebSocketConnection(kit, socket, { protocol: "", deflate }, Buffer.alloc(0));
  const told: string[] = [];
  connection.start({
    onText: (text) => void told.push(`text ${text}`),
    onBinary: (bytes) => void told.push(`binary ${bytes.length}`),
    onPong: (payload) => void told.push(`pong ${payload.length}`),
    onWritable: () => void told.push("writable"),
    onClose: (code, reason, wasClean) => void told.push(`close ${code} ${reason} ${wasClean ? "clean" : "unclean"}`),
  });
  return { connection, socket, told };
}

/** A frame as a client sends it, with a key of zeros. */
export function masked(opcode: 0 | 1 | 2 | 8 | 9 | 10, payload: string | Buffer): Buffer {
  const frame = Buffer.from(packFrame(opcode, Buffer.from(payload as string)));
  const headerBytes = frame.length - Buffer.byteLength(payload);
  frame.writeUInt8(frame.readUInt8(1) | 0x80, 1);
  return Buffer.concat([frame.subarray(0, headerBytes), Buffer.alloc(4), frame.subarray(headerBytes)]);
}
