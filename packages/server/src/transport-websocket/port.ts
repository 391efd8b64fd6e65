// One WebSocket connection as the hub sees it: frames out, messages in, a queue that can be taken back.

import { Signal, utf8Decode, utf8Encode } from "@heddle/base";
import { closeCodes, type Codec } from "@heddle/protocol";
import type { BulkSender, ConnectionPort, ConnectionSink, Frame } from "@heddle/hub/ports";
import { opcodes, type WebSocketConnection, type WebSocketHandlers } from "@heddle/websocket";
import { isTakeable, pack, type DataOpcode, type PackedFrame } from "./packed-frame.ts";

/** RFC 6455 §7.4.1: a kind of data this endpoint does not take. */
const closeUnsupportedData = 1003;
/** RFC 6455 §5.5.1: what a close frame's 125 bytes leave behind the code. */
const closeReasonBytesMax = 123;

export class WebSocketPort implements ConnectionPort, WebSocketHandlers {
  readonly codec: Codec;
  /** What this codec's frames travel in. */
  readonly opcode: DataOpcode;
  readonly windowed = true;
  readonly writable = new Signal<void>();
  readonly connection: WebSocketConnection;
  readonly #report: (error: unknown) => void;
  #sink: ConnectionSink | undefined;

  /** @param report  told what the hub threw while it handled a message; always a bug */
  constructor(connection: WebSocketConnection, codec: Codec, report: (error: unknown) => void) {
    this.connection = connection;
    this.codec = codec;
    this.opcode = codec.name === "json" ? opcodes.text : opcodes.binary;
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
    this.connection.send(pack(frame, this.opcode));
  }

  takeBack(): readonly Frame[] {
    // `isTakeable` chose them, so all are ours.
    return this.connection.takeBack(isTakeable).map((taken) => (taken as PackedFrame).frame);
  }

  close(code: number, why: string): void {
    this.connection.close(code, shortened(why));
  }

  onText(text: string): void {
    this.#receive(opcodes.text, text);
  }

  onBinary(bytes: Uint8Array): void {
    this.#receive(opcodes.binary, bytes);
  }

  onWritable(): void {
    this.writable.emit();
  }

  onClose(code: number, reason: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(code, reason);
  }

  #receive(opcode: DataOpcode, message: string | Uint8Array): void {
    if (opcode !== this.opcode) {
      const wanted = this.opcode === opcodes.text ? "text" : "binary";
      return this.#end(closeUnsupportedData, `frames of this subprotocol are ${wanted}`);
    }
    try {
      this.#sink?.receive(message);
    } catch (thrown) {
      // One peer's message met a bug. That connection ends; the process and everybody else go on.
      this.#report(thrown);
      this.#end(closeCodes.internal.code, "internal error");
    }
  }

  #end(code: number, why: string): void {
    this.onClose(code, why);
    this.close(code, why);
  }
}

/**
 * Gives one frame list to many connections: each frame is packed once, nothing is allocated per connection. Ports of other
 * transports get it frame by frame.
 */
export const webSocketBulkSender: BulkSender = {
  sendAll(frames, to) {
    let packed: readonly PackedFrame[] | undefined;
    for (let index = 0; index < to.length; index++) {
      const port = to[index] as ConnectionPort;
      if (!(port instanceof WebSocketPort)) {
        for (const frame of frames) port.send(frame);
        continue;
      }
      // Frames are of one codec, and so are those they are for.
      packed ??= frames.map((frame) => pack(frame, port.opcode));
      if (packed.length === 1) port.connection.send(packed[0] as PackedFrame);
      else port.connection.sendFrames(packed);
    }
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
