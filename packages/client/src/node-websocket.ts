// The transport for Node, which has no WebSocket of its own in all supported versions: dials with @heddle/websocket.

import { messageOf, type Clock, type Random } from "@heddle/base";
import { jsonSubprotocol } from "@heddle/protocol";
import { dial, type DialOptions, type WebSocketConnection } from "@heddle/websocket";
import type { Transport } from "./transport/transport.ts";

/** Largest message taken from a server: many joined frames, a snapshot among them. */
const maxMessageBytes = 16_777_216;

export interface NodeWebSocketOptions extends Pick<DialOptions, "headers" | "tls" | "handshakeTimeoutMs"> {
  readonly clock: Clock;
  readonly random: Random;
}

/** @param url  ws:, wss:, http: or https: */
export function nodeWebSocket(url: string, options: NodeWebSocketOptions): Transport {
  return {
    name: "websocket",
    open(handlers) {
      const giveUp = new AbortController();
      let connection: WebSocketConnection | undefined;
      // The client has a heartbeat of its own above this.
      dial(url, { ...options, maxMessageBytes, ping: false, protocols: [jsonSubprotocol], signal: giveUp.signal }).then(
        (dialled) => {
          connection = dialled;
          dialled.start({
            onText: (text) => handlers.message(text),
            onBinary: () => dialled.close(1003, "text wanted"),
            onClose: (code, reason) => handlers.closed(code, reason),
          });
          handlers.opened();
        },
        (error: unknown) => handlers.closed(1006, messageOf(error)),
      );
      return {
        send: (text) => void connection?.sendText(text),
        close: (code, reason) => {
          if (connection === undefined) giveUp.abort();
          else connection.close(code, reason);
        },
      };
    },
  };
}
