// One WebSocket connection as the hub sees it: frames out, messages in, a queue that can be taken back.

import { Signal, utf8Decode, utf8Encode } from "@heddle/base";
import { closeCodes, jsonCodec } from "@heddle/protocol";
import type { BulkSender, ConnectionPort, ConnectionSink, Frame } from "@heddle/hub/ports";
import type { WebSocketConnection, WebSocketHandlers } from "@heddle/websocket";
import { isTakeable, pack, type PackedFrame } from "./packed-frame.ts";

/** RFC 6455 §7.4.1: a kind of data this endpoint does not take. */
const closeUnsupportedData = 1003;
/** RFC 6455 §5.5.1: what a close frame's 125 bytes leave behind the code. */
const closeReasonBytesMax = 123;

export class WebSocketPort implements ConnectionPort, WebSocketHandlers {
  readonly codec = jsonCodec;
  readonly windowed = true;
  readonly writable = new Signal<void>();
  readonly connection: WebSocketConnection;
  readonly #report: (error: unknown) => void;
  #sink: ConnectionSink | undefined;

  /** @param report  told what the hub threw while it handled a message; always a bug */
  constructor(connection: WebSocketConnection, report: (error: unknown) => void) {
    this.connection = connection;
    this.#report = report;
  }

  get queuedBytes(): number {
    return this.connection.queuedBytes;
  }

  /** Begins to pass messages to `sink`. */
  start(sink: ConnectionSink): void {
    this.#sink = sink;
    this.connection.start(this);
  }

  send(frame: Frame): void {
    this.connection.send(pack(frame));
  }

  takeBack(): readonly Frame[] {
    // `isTakeable` chose them, so all are ours.
    return this.connection.takeBack(isTakeable).map((taken) => (taken as PackedFrame).frame);
  }

  close(code: number, why: string): void {
    this.connection.close(code, shortened(why));
  }

  onText(text: string): void {
    try {
      this.#sink?.receive(text);
    } catch (thrown) {
      // One peer's message met a bug. That connection ends; the process and everybody else go on.
      this.#report(thrown);
      this.#end(closeCodes.internal.code, "internal error");
    }
  }

  onBinary(): void {
    this.#end(closeUnsupportedData, "frames of this subprotocol are text");
  }

  onWritable(): void {
    this.writable.emit();
  }

  onClose(code: number, reason: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(code, reason);
  }

  #end(code: number, why: string): void {
    this.onClose(code, why);
    this.close(code, why);
  }
}

/** Gives one frame list to many connections: each frame is packed once, nothing is allocated per connection. */
export const webSocketBulkSender: BulkSender = {
  sendAll(frames, to) {
    // Every port of a server with this sender was made by this transport.
    const ports = to as readonly WebSocketPort[];
    if (frames.length === 1) {
      const packed = pack(frames[0] as Frame);
      for (let index = 0; index < ports.length; index++) (ports[index] as WebSocketPort).connection.send(packed);
      return;
    }
    const packed = frames.map(pack);
    for (let index = 0; index < ports.length; index++) (ports[index] as WebSocketPort).connection.sendFrames(packed);
  },
};

/** As much of `why` as a close frame holds, cut between characters. */
function shortened(why: string): string {
  const bytes = utf8Encode(why);
  if (bytes.length <= closeReasonBytesMax) return why;
  let end = closeReasonBytesMax;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return utf8Decode(bytes.subarray(0, end));
}
