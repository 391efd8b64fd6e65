import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";

/** A `ws` server beside others: by its own listener, since its `server` option refuses every path but its own. */
export function attachWs(http: Server, path: string): WebSocketServer {
  const server = new WebSocketServer({ noServer: true });
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== path) return;
    server.handleUpgrade(request, socket, head, (socket) => server.emit("connection", socket, request));
  });
  return server;
}
