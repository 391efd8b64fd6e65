import { createServer, type IncomingMessage, type Server } from "node:http";
import { createWebSocketServer } from "@heddle/websocket";
import { echo } from "./echo-server.ts";

export function startForMembers(port: number, isMember: (cookie: string) => Promise<boolean>): Server {
  const strangers = new WeakSet<IncomingMessage>();
  const server = createWebSocketServer({
    authorize: (request) => (strangers.has(request) ? { status: 401, reason: "members only" } : undefined),
    onConnection: echo,
  });
  const http = createServer();
  http.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy()); // yours until it is handed over
    void isMember(request.headers.cookie ?? "").then((isIn) => {
      if (!isIn) strangers.add(request);
      server.handleUpgrade(request, socket, head);
    });
  });
  return http.listen(port);
}
