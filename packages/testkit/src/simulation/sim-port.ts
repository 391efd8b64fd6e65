// The server's end of a simulated connection, as a WebSocket transport gives it to the hub: frames of a turn leave in one
// write, what the socket has not got can be taken back, and a socket that does not drain leaves everything queued.

import { Signal, utf8Decode, type Clock } from "@heddle/base";
import { isDroppable, type BulkSender, type ConnectionPort, type Frame } from "@heddle/hub/ports";
import { jsonCodec } from "@heddle/protocol";
import type { SimPipe } from "./sim-pipe.ts";

/** Above this the socket gets nothing more, so that the rest can still be taken back. */
const socketHighBytes = 16_384;
/** A write is cut into segments of about this size, each of whole frames. */
const segmentBytes = 8_192;

/** What arrives at the client. */
export interface ClientEnd {
  messages(texts: readonly string[]): void;
  ended(code: number, why: string): void;
}

export class SimPort implements ConnectionPort {
  readonly codec = jsonCodec;
  readonly windowed = true;
  readonly writable = new Signal<void>();
  readonly #clock: Clock;
  readonly #pipe: () => SimPipe;
  readonly #end: ClientEnd;
  readonly #lowBytes: number;
  #pending: Frame[] = [];
  #pendingBytes = 0;
  #socket: { readonly bytes: number; readonly deliver: () => void }[] = [];
  #socketBytes = 0;
  #wasAboveLow = false;
  #isFlushing = false;
  #isClosing = false;

  /** @param lowBytes  `writable` is emitted when the queue falls to this */
  constructor(clock: Clock, pipe: () => SimPipe, end: ClientEnd, lowBytes: number) {
    this.#clock = clock;
    this.#pipe = pipe;
    this.#end = end;
    this.#lowBytes = lowBytes;
  }

  get queuedBytes(): number {
    return this.#pendingBytes + this.#socketBytes;
  }

  send(frame: Frame): void {
    if (this.#isClosing) return;
    this.#pending.push(frame);
    this.#pendingBytes += frame.bytes.length;
    if (this.queuedBytes > this.#lowBytes) this.#wasAboveLow = true;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#clock.turnEnd(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  takeBack(): readonly Frame[] {
    const taken = this.#pending.filter(isDroppable);
    this.#pending = this.#pending.filter((frame) => !isDroppable(frame));
    for (const frame of taken) this.#pendingBytes -= frame.bytes.length;
    return taken;
  }

  close(code: number, why: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#hand();
    this.#write(4, () => this.#end.ended(code, why));
  }

  /** The socket has room again. */
  drained(): void {
    this.#pump();
    if (!this.#isClosing) this.#flush();
    if (!this.#wasAboveLow || this.queuedBytes > this.#lowBytes) return;
    this.#wasAboveLow = false;
    this.writable.emit();
  }

  #flush(): void {
    if (this.#socketBytes < socketHighBytes) this.#hand();
  }

  /** Everything pending goes to the socket, where nothing can be taken back from. */
  #hand(): void {
    let texts: string[] = [];
    let bytes = 0;
    const cut = (): void => {
      if (texts.length === 0) return;
      const whole = texts;
      this.#write(bytes, () => this.#end.messages(whole));
      texts = [];
      bytes = 0;
    };
    for (const frame of this.#pending) {
      texts.push(textOf(frame));
      bytes += frame.bytes.length;
      if (bytes >= segmentBytes) cut();
    }
    cut();
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #write(bytes: number, deliver: () => void): void {
    this.#socket.push({ bytes, deliver });
    this.#socketBytes += bytes;
    this.#pump();
  }

  #pump(): void {
    const pipe = this.#pipe();
    for (let next = this.#socket[0]; next !== undefined && pipe.hasRoomFor(next.bytes); next = this.#socket[0]) {
      this.#socket.shift();
      this.#socketBytes -= next.bytes;
      pipe.write(next.bytes, next.deliver);
    }
  }
}

/** The slot is whosoever's comes first: a server may have real sockets as well. */
function textOf(frame: Frame): string {
  if (typeof frame.packed === "string") return frame.packed;
  const text = utf8Decode(frame.bytes);
  frame.packed ??= text;
  return text;
}

export const simBulkSender: BulkSender = {
  sendAll(frames, to) {
    for (const port of to) for (const frame of frames) port.send(frame);
  },
};
