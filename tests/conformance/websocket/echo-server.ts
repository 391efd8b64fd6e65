import { createServer, type Server } from "node:http";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer } from "@heddle/websocket";

export function startEcho(port: number): Server {
  const http = createServer();
  const server = createWebSocketServer({
    clock: systemClock(),
    random: systemRandom(),
    path: "/echo",
    onConnection(connection) {
      connection.start({
        onText: (text) => void connection.sendText(text),
        onBinary: (bytes) => void connection.sendBinary(bytes),
        onClose: (code, reason, wasClean) => console.log({ code, reason, wasClean }),
      });
    },
  });
  server.attach(http); // beside any other upgrade listeners
  return http.listen(port);
}
