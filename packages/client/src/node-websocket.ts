// The transport for Node, which has no WebSocket of its own in all supported versions: dials with @heddle/websocket.

import { messageOf, type Clock, type Random } from "@heddle/base";
import { dial, type DialOptions, type WebSocketConnection } from "@heddle/websocket";
import { binaryLink, offeredWith, type BinarySocket } from "./transport/binary-link.ts";
import type { FrameCodec, Transport } from "./transport/transport.ts";

/** Largest message taken from a server: many joined frames, a snapshot among them. */
const maxMessageBytes = 16_777_216;

export interface NodeWebSocketOptions extends Pick<DialOptions, "headers" | "tls" | "handshakeTimeoutMs"> {
  readonly clock: Clock;
  readonly random: Random;
  /** How frames travel if the server knows it. Default: as JSON text. */
  readonly codec?: FrameCodec | undefined;
}

/** @param url  ws:, wss:, http: or https: */
export function nodeWebSocket(url: string, { codec, ...options }: NodeWebSocketOptions): Transport {
  const protocols = offeredWith(codec);
  return {
    name: "websocket",
    open(handlers) {
      const giveUp = new AbortController();
      let connection: WebSocketConnection | undefined;
      const { link, opened, message, closed } = binaryLink(codec, handlers, () => connection && socketOn(connection));
      // The client has a heartbeat of its own above this.
      dial(url, { ...options, maxMessageBytes, ping: false, protocols, signal: giveUp.signal }).then(
        (dialled) => {
          connection = dialled;
          dialled.start({ onText: message, onBinary: message, onClose: closed });
          opened(dialled.protocol);
        },
        (error: unknown) => closed(1006, messageOf(error)),
      );
      return {
        send: link.send,
        close: (code, reason) => {
          if (connection === undefined) giveUp.abort();
          else link.close(code, reason);
        },
      };
    },
  };
}

const socketOn = (connection: WebSocketConnection): BinarySocket => ({
  send: (message) => void (typeof message === "string" ? connection.sendText(message) : connection.sendBinary(message)),
  close: (code, reason) => connection.close(code, reason),
});
