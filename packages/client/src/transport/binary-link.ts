// A WebSocket that carries frames in another form than JSON text, if the server knows that form; else JSON text.

import { jsonSubprotocol } from "@heddle/protocol";
import type { FrameCodec, TransportHandlers, TransportLink } from "./transport.ts";

/** What is needed of the socket below. */
export interface BinarySocket {
  send(message: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

export interface BinaryLink {
  /** The client's end. */
  readonly link: TransportLink;
  /** The socket is open and the server has picked this subprotocol. */
  opened(subprotocol: string): void;
  message(message: string | Uint8Array): void;
  closed(code: number, reason: string): void;
}

/** What a client offers, in its order: the server picks the first it knows. */
export const offeredWith = (codec: FrameCodec | undefined): string[] =>
  codec ? [codec.subprotocol, jsonSubprotocol] : [jsonSubprotocol];

/** A server's fault: as the close code says it. */
const malformedCode = 4400;
/** RFC 6455 §7.4.1: a kind of data that was not agreed on. */
const wrongKindCode = 1003;

/** @param socket  the socket below, once there is one */
export function binaryLink(
  codec: FrameCodec | undefined,
  handlers: TransportHandlers,
  socket: () => BinarySocket | undefined,
): BinaryLink {
  /** The codec in force; undefined: JSON text. */
  let agreed: FrameCodec | undefined;
  let isOver = false;

  const closed = (code: number, reason: string): void => {
    if (isOver) return;
    isOver = true;
    handlers.closed(code, reason);
  };
  const fail = (code: number, reason: string): void => {
    socket()?.close(code === wrongKindCode ? code : malformedCode);
    closed(code, reason);
  };

  return {
    link: {
      send: (text) => socket()?.send(agreed ? agreed.encode(text) : text),
      close: (code, reason) => socket()?.close(code, reason),
    },
    opened(subprotocol) {
      agreed = subprotocol === codec?.subprotocol ? codec : undefined;
      handlers.opened();
    },
    message(message) {
      if (isOver) return;
      if ((typeof message === "string") !== !agreed) return fail(wrongKindCode, "the wrong kind of message");
      if (typeof message === "string") return handlers.message(message);
      let frames;
      try {
        frames = (agreed as FrameCodec).decode(message);
      } catch (error) {
        return fail(malformedCode, String(error));
      }
      for (const { text, cost } of frames) handlers.message(text, cost);
    },
    closed,
  };
}
