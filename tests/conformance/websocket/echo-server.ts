import { createServer, type Server } from "node:http";
import { createWebSocketServer, type WebSocketConnection } from "@heddle/websocket";

export function echo(connection: WebSocketConnection): void {
  connection.start({
    onText: (text) => void connection.sendText(text),
    onBinary: (bytes) => void connection.sendBinary(bytes),
    onClose: (code, reason, wasClean) => console.log({ code, reason, wasClean }),
  });
}

export function startEcho(port: number): Server {
  const http = createServer();
  createWebSocketServer({ path: "/echo", onConnection: echo }).attach(http);
  return http.listen(port);
}
