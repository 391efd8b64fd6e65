// One WebSocket connection on a socket that has shaken hands: messages in, frames out, and the closing handshake.

import type { Duplex } from "node:stream";
import { OptionError } from "@heddle/base";
import { closeCodes } from "../core/close-code.ts";
import { prepareBinary, type PreparedFrame } from "../core/frame.ts";
import { MessageReader } from "../core/message-reader.ts";
import type { ConnectionDeflate } from "../deflate/deflate-kit.ts";
import type { DeflateTerms } from "../deflate/negotiation.ts";
import type { ConnectionKit } from "./connection-kit.ts";
import { closeFrame, expectClose, pingFrame, pongFrame } from "./control-frames.ts";
import type { ConnectionState, WebSocketHandlers } from "./handlers.ts";
import { kernelHandleOf, type KernelHandle } from "./kernel-write.ts";
import { Liveness } from "./liveness.ts";
import type { PendingNode } from "./pending.ts";
import { OwnFrame } from "./own-frame.ts";
import { ownSocket } from "./socket-events.ts";
import { prepareTextFrom } from "./text-frame.ts";
import { unsentBytes, whenEmpty, type WriteDone } from "./write.ts";

interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What a handshake agreed on. */
export interface Agreement {
  /** The subprotocol, "" for none. */
  readonly protocol: string;
  readonly deflate?: ConnectionDeflate | undefined;
}

const noPayload = new Uint8Array(0);
const emptyPing = pingFrame(noPayload);

/**
 * A connection after its handshake. Nothing is read before `start`. Frames of one event-loop turn leave in one write at
 * its end. Methods that send do nothing, and say so by returning false, once the connection is closing.
 */
export class WebSocketConnection implements Disposable {
  /** The agreed subprotocol, "" for none. */
  readonly protocol: string;
  readonly #kit: ConnectionKit;
  readonly #socket: Duplex;
  /** Undefined for a socket that its stream has to write to. */
  readonly #handle: KernelHandle | undefined;
  readonly #deflate: ConnectionDeflate | undefined;
  readonly #lowWaterBytes: number;
  readonly #liveness: Liveness;
  readonly #onWritten: WriteDone = (error) => this.#written(error);
  #reader: MessageReader | undefined;
  #handlers: WebSocketHandlers | undefined;
  #state: ConnectionState = "open";
  #ending: Ending | undefined;

  /** Undefined when nothing is pending. */
  #pending: PendingNode | undefined;
  /** Bytes of the write under way, 0 when there is none. */
  #writingBytes = 0;
  /** Whether the writer will flush us at the end of this turn. */
  #isDue = false;
  /** Whether the queue was above low water since `onWritable` was last called. */
  #wasAbove = false;
  /** Payload of the latest ping that came while the queue was too long for more pongs. */
  #owedPong: Uint8Array | undefined;
  /** Whether our side of the socket ends once the queue is written. */
  #endsWhenFlushed = false;
  /** Reported as the reason when there is no close frame. */
  #lostWhy = "";

  /**
   * @internal
   * @param head   bytes received behind the handshake
   * @param first  bytes to write before any frame: the answer to a handshake
   */
  constructor(kit: ConnectionKit, socket: Duplex, agreed: Agreement, head: Uint8Array, first?: Uint8Array) {
    this.#kit = kit;
    this.#socket = socket;
    this.#handle = kernelHandleOf(socket);
    this.#lowWaterBytes = kit.limits.highWaterBytes / 4;
    this.protocol = agreed.protocol;
    this.#deflate = agreed.deflate;
    this.#liveness = new Liveness(kit, this);
    ownSocket(socket, this);
    this.#writingBytes = socket.writableLength;
    if (this.#writingBytes > 0) whenEmpty(socket, this.#onWritten);
    kit.members.add(this);
    if (head.length > 0) socket.unshift(head);
    if (first !== undefined) this.#sendOwn(new OwnFrame(first)); // leaves in one write with what is sent in this turn
  }

  /** The peer's IP address while the socket is open; "" when it has none. Asking is a system call the first time. */
  get remoteAddress(): string {
    return (this.#socket as Duplex & { remoteAddress?: string }).remoteAddress ?? "";
  }

  /** What was agreed on compression; undefined when there is none. */
  get deflate(): DeflateTerms | undefined {
    return this.#deflate?.terms;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Bytes accepted and not yet passed to the kernel: pending ones and those the socket holds. */
  get queuedBytes(): number {
    const pending = this.#pending;
    return pending === undefined ? this.#writingBytes : pending.byteLength + this.#writingBytes;
  }

  /** Begins to read. Once per connection. If it ended before, `onClose` comes at the end of the turn. */
  start(handlers: WebSocketHandlers): void {
    if (this.#handlers !== undefined) throw new OptionError("handlers", "second", "one start per connection");
    this.#handlers = handlers;
    const ending = this.#ending;
    if (ending !== undefined) {
      this.#kit.clock.turnEnd(() => handlers.onClose(ending.code, ending.reason, ending.wasClean));
      return;
    }
    this.#reader = new MessageReader(this, this.#kit.reader, this.#deflate?.inflater);
    this.#liveness.begin(this.#reader);
    this.#socket.resume();
  }

  /** Queues a text message. Lone surrogates are sent as U+FFFD. */
  sendText(text: string): boolean {
    return this.send(prepareTextFrom(text));
  }

  /** Queues a binary message; `bytes` are copied. */
  sendBinary(bytes: Uint8Array): boolean {
    return this.send(prepareBinary(bytes));
  }

  /** Queues a frame that may be shared with other connections. */
  send(frame: PreparedFrame): boolean {
    if (this.#kit.limits.idleMs > 0) this.#liveness.hasSpoken = true; // else nobody asks, and it lies elsewhere in memory
    return this.#sendOwn(frame);
  }

  /** Queues several frames, in order. */
  sendFrames(frames: readonly PreparedFrame[]): boolean {
    if (this.#state !== "open") return false;
    if (frames.length === 0) return true;
    if (this.#kit.limits.idleMs > 0) this.#liveness.hasSpoken = true;
    let node = this.#pending ?? this.#emptyList();
    for (let index = 0; index < frames.length; index++) node = node.append(frames[index] as PreparedFrame);
    return this.#enqueue(node);
  }

  /** Queues a ping. @throws {OptionError} when `payload` is over 125 bytes */
  ping(payload: Uint8Array = noPayload): boolean {
    return this.#sendOwn(pingFrame(payload));
  }

  /**
   * Removes pending frames for which `isWanted` answers true, and returns them, oldest first. The others keep their
   * order. Pings, pongs and close frames stay. What the socket already has is out of reach.
   */
  takeBack(isWanted: (frame: PreparedFrame) => boolean): PreparedFrame[] {
    const pending = this.#pending;
    if (pending === undefined) return [];
    if (this.queuedBytes > this.#lowWaterBytes) this.#wasAbove = true;
    const taken: PreparedFrame[] = [];
    let kept = this.#emptyList();
    for (const frame of pending.frames()) {
      if (!(frame instanceof OwnFrame) && isWanted(frame)) taken.push(frame);
      else kept = kept.append(frame);
    }
    if (taken.length > 0) this.#pending = kept.frameCount > 0 ? kept : undefined;
    if (!this.#isDue) this.#schedule(); // the writer decides whether the queue is low enough to say so
    return taken;
  }

  /**
   * Sends what is queued, then a close frame, and waits for the peer's (RFC 6455 §7.1.2). Messages that arrive from now
   * on are dropped. Does nothing unless open.
   *
   * @param code    1000–1003, 1007–1014 or 3000–4999, default 1000
   * @param reason  at most 123 bytes of UTF-8
   * @throws {OptionError} when code or reason are outside of that
   */
  close(code: number = closeCodes.normal, reason = ""): void {
    expectClose(code, reason);
    if (this.#state !== "open") return;
    this.#sendClose(code, reason);
    this.#state = "closing";
  }

  /** Destroys the socket at once, without a close frame. `onClose` follows with 1006 unless it was called before. */
  terminate(): void {
    if (this.#state === "open") this.#state = "closing"; // takes no more frames, tells of no more messages
    this.#pending = undefined;
    this.#reader?.stop();
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  // ── for the writer ────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  flush(): boolean {
    this.#isDue = false;
    const node = this.#pending;
    if (node !== undefined) {
      if (node.byteLength + this.#writingBytes > this.#lowWaterBytes) this.#wasAbove = true;
      // One write at a time: here the frames can still be taken back, and the end of the write brings us again.
      if (this.#writingBytes > 0) return true;
      this.#pending = undefined;
      this.#write(node);
    }
    if (this.#endsWhenFlushed) this.#socket.end();
    if (this.#writingBytes <= this.#lowWaterBytes) this.#tellWritable();
    return false;
  }

  /** @internal */
  settle(): void {
    this.#pending?.forgetOthers();
  }

  #emptyList(): PendingNode {
    return this.#kit.writer.rootFor(this.#deflate?.shared);
  }

  #write(pending: PendingNode): void {
    const takeover = this.#deflate?.takeover;
    const node = takeover === undefined ? pending : pending.codedBy(takeover);
    const { reader, kernel, random } = this.#kit;
    const chunks = reader.role === "server" ? node.chunks() : [node.masked(() => random.u32())];
    this.#writingBytes = node.byteLength;
    if (kernel.write(this.#socket, this.#handle, chunks, this.#onWritten)) this.#writingBytes = 0;
  }

  #written(error?: Error | null): void {
    this.#writingBytes = 0;
    this.#liveness.hasTaken = true;
    if (error) this.#socket.destroy(error);
    else if (!this.#isDue && (this.#pending !== undefined || this.#wasAbove || this.#owedPong !== undefined))
      this.#schedule();
  }

  #tellWritable(): void {
    if (this.#owedPong !== undefined) {
      const payload = this.#owedPong;
      this.#owedPong = undefined;
      this.#sendPong(payload);
    }
    if (!this.#wasAbove) return;
    this.#wasAbove = false;
    if (this.#state === "open") this.#handlers?.onWritable?.();
  }

  #enqueue(node: PendingNode): boolean {
    if (node.byteLength > this.#lowWaterBytes && !this.#rise(node.byteLength)) return false;
    this.#pending = node;
    if (!this.#isDue) this.#schedule();
    return true;
  }

  /** Notes that the queue is long; false when it would be too long. */
  #rise(pendingBytes: number): boolean {
    this.#wasAbove = true;
    const { maxQueuedBytes } = this.#kit.limits;
    if (pendingBytes <= maxQueuedBytes) return true;
    this.cutOff(`over ${maxQueuedBytes} bytes wait for the socket`);
    return false;
  }

  #schedule(): void {
    this.#isDue = true;
    this.#kit.writer.add(this);
  }

  // ── for the reader ────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  readText(text: string): void {
    this.#liveness.hasSpoken = true;
    if (this.#state === "open") this.#handlers?.onText(text);
  }

  /** @internal */
  readBinary(bytes: Uint8Array): void {
    this.#liveness.hasSpoken = true;
    if (this.#state === "open") this.#handlers?.onBinary(bytes);
  }

  /** @internal */
  readPing(payload: Uint8Array): void {
    // §5.5.2: answered. §5.5.3: when several wait, the latest is enough. A peer that pings and does not read gets no memory of ours.
    if (this.queuedBytes > this.#kit.limits.highWaterBytes) this.#owedPong = new Uint8Array(payload);
    else this.#sendPong(payload);
  }

  /** @internal */
  readPong(payload: Uint8Array): void {
    if (this.#state === "open") this.#handlers?.onPong?.(payload);
  }

  /** @internal */
  readClose(code: number | undefined, reason: string): void {
    if (this.#state === "open") this.#sendClose(code, ""); // §5.5.1: echo the code
    // §7.1.1: the server ends the TCP connection first; a client waits for that, as long as the timer lets it.
    if (this.#kit.reader.role === "server") this.#endWhenFlushed();
    this.#finish(code ?? closeCodes.none, reason, true);
  }

  /** @internal §7.1.7: say why, end our side, read no more. */
  readFailure(code: number, why: string): void {
    if (this.#state === "open") this.#sendClose(code, why);
    this.#endWhenFlushed();
    this.#finish(code, why, false);
  }

  #sendPong(payload: Uint8Array): void {
    this.#sendOwn(pongFrame(payload));
  }

  #sendClose(code: number | undefined, reason: string): void {
    this.#sendOwn(closeFrame(code, reason));
    this.#liveness.closes();
  }

  #sendOwn(frame: PreparedFrame): boolean {
    if (this.#state !== "open") return false; // §5.5.1, §6.1
    return this.#enqueue((this.#pending ?? this.#emptyList()).append(frame));
  }

  #endWhenFlushed(): void {
    this.#endsWhenFlushed = true;
    if (!this.#isDue) this.#schedule();
  }

  #finish(code: number, reason: string, wasClean: boolean): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#reader?.stop();
    this.#ending = { code, reason, wasClean };
    this.#handlers?.onClose(code, reason, wasClean);
  }

  // ── for the wheel ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  get unsentBytes(): number {
    return this.#writingBytes === 0 ? 0 : unsentBytes(this.#socket) || this.#writingBytes;
  }

  /** @internal */
  sendPing(): void {
    this.#sendOwn(emptyPing);
  }

  /** @internal */
  cutOff(why: string): void {
    this.#lostWhy ||= why;
    this.terminate();
  }

  // ── for the socket ────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  onSocketData(chunk: Buffer): void {
    this.#liveness.hasHeard = true;
    try {
      this.#reader?.read(chunk); // after `stop` it reads nothing: input behind a close frame is dropped
    } catch (thrown) {
      // A handler threw in the middle of a read. Where the next frame begins is lost, so the connection is too.
      this.terminate();
      throw thrown;
    }
  }

  /** @internal The peer sends no more. */
  onSocketEnd(): void {
    if (this.#state === "closed") this.#endWhenFlushed();
    else this.terminate(); // §7.2.1: no close frame came; 1006 (§7.1.5)
  }

  /** @internal */
  onSocketError(error: Error): void {
    this.#lostWhy ||= error.message;
  }

  /** @internal */
  onSocketClose(): void {
    this.#liveness.end();
    this.#pending = undefined;
    this.#owedPong = undefined;
    this.#finish(closeCodes.lost, this.#lostWhy, false);
    this.#kit.members.delete(this);
    this.#kit.onGone();
  }
}
