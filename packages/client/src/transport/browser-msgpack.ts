// The transport over the browser's own WebSocket, with frames as MessagePack where the server knows it.

import { messagePackClientCodec } from "@heddle/protocol/msgpack";
import { binaryLink, offeredWith } from "./binary-link.ts";
import type { Transport } from "./transport.ts";

/** @param url  absolute, or relative to the page; http and https count as ws and wss */
export function browserMessagePack(url: string): Transport {
  return {
    name: "websocket",
    open(handlers) {
      // Relative to the page; worker, Deno, Bun and Node have no page, or none with an address. A Location counts as its text.
      const address = new URL(url, globalThis.location as unknown as URL | undefined);
      address.protocol = address.protocol.replace("http", "ws");
      const socket = new WebSocket(address, offeredWith(messagePackClientCodec));
      socket.binaryType = "arraybuffer";
      const below = {
        send: (message: string | Uint8Array) => socket.send(message as string | Uint8Array<ArrayBuffer>),
        close: (code?: number, reason?: string) => socket.close(code, reason),
      };
      const { link, opened, message, closed } = binaryLink(messagePackClientCodec, handlers, () => below);
      socket.onopen = () => opened(socket.protocol);
      socket.onmessage = ({ data }) => message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
      socket.onclose = ({ code, reason }) => closed(code, reason);
      return link;
    },
  };
}
