// @heddle/websocket alone: one prepared frame to all connections by the bulk send. Echoes what it is sent.

import { createServer } from "node:http";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer, prepareText, sendAll } from "@heddle/websocket";
import { serveCommands, text64 } from "../lib/serve-commands.mjs";

const http = createServer();
const connections = new Set();
createWebSocketServer({
  clock: systemClock(),
  random: systemRandom(),
  onConnection(connection) {
    connections.add(connection);
    connection.start({
      onText: (text) => connection.sendText(text), // for the echo
      onBinary() {},
      onClose: () => connections.delete(connection),
    });
  },
}).attach(http);
http.listen(0, "127.0.0.1", () => {
  const payload = Buffer.from(text64);
  serveCommands(() => sendAll([prepareText(payload)], [...connections]), {
    port: http.address().port,
    path: "/",
    setUp: "prepareText and sendAll, portable path",
    marker: "xxxx",
  });
});
