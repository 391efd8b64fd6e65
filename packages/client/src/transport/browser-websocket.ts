// The transport over the browser's own WebSocket.

import { jsonSubprotocol } from "@heddle/protocol";
import type { Transport } from "./transport.ts";

/** @param url  absolute, or relative to the page; http and https count as ws and wss */
export function browserWebSocket(url: string): Transport {
  return {
    name: "websocket",
    open(handlers) {
      // Relative to the page; worker, Deno, Bun and Node have no page, or none with an address. A Location counts as its text.
      const address = new URL(url, globalThis.location as unknown as URL | undefined);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = new WebSocket(address, jsonSubprotocol);
      socket.onopen = () => handlers.opened();
      socket.onmessage = ({ data }) => handlers.message(String(data));
      socket.onclose = ({ code, reason }) => handlers.closed(code, reason);
      return socket;
    },
  };
}
