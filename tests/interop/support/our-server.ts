// Our server's part of the dialogue.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer, frameHeader, opcodes, type WebSocketConnection } from "@heddle/websocket";
import { protocol, requests, serverClose } from "./dialogue.ts";

export interface OurServer extends AsyncDisposable {
  readonly url: string;
  /** How each connection ended, oldest first. */
  readonly endings: readonly (readonly [code: number, reason: string, wasClean: boolean])[];
}

export async function startOurServer(isCompressing: boolean): Promise<OurServer> {
  const endings: [number, string, boolean][] = [];
  const http = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>interop</title>");
  });
  const server = createWebSocketServer({
    ...{ clock: systemClock(), random: systemRandom(), deflate: isCompressing ? {} : false },
    selectProtocol: (offered) => offered.find((name) => name === protocol),
    onConnection: (connection) => converse(connection, (...ending) => void endings.push(ending)),
  });
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    endings,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function converse(
  connection: WebSocketConnection,
  onClose: (code: number, reason: string, wasClean: boolean) => void,
): void {
  connection.start({
    onText(said) {
      if (said === requests.ping) connection.ping(Buffer.from("server"));
      else if (said === requests.fragments) connection.sendFrames(fragmentsOf("fragmented ✓"));
      else if (said === requests.close) connection.close(serverClose.code, serverClose.reason);
      else connection.sendText(said);
    },
    onBinary: (bytes) => void connection.sendBinary(bytes),
    onPong: (payload) => void connection.sendText(`pong ${Buffer.from(payload).toString()}`),
    onClose,
  });
}

/** One frame for each byte, so that characters are cut. We never send messages so by ourselves. */
function fragmentsOf(said: string): { wire: Uint8Array }[] {
  const bytes = Buffer.from(said);
  return [...bytes].map((byte, index) => {
    const header = frameHeader(index === 0 ? opcodes.text : opcodes.continuation, 1);
    if (index < bytes.length - 1) header[0] = (header[0] as number) & 0x7f;
    return { wire: Uint8Array.of(...header, byte) };
  });
}
