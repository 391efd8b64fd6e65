// @heddle/websocket with permessage-deflate: one prepared frame to all connections, compressed once.

import { createServer } from "node:http";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer, prepareText, sendAll } from "@heddle/websocket";
import { json1k, serveCommands } from "../lib/serve-commands.mjs";

const http = createServer();
const connections = [];
const ignore = { onText() {}, onBinary() {}, onClose() {} };
createWebSocketServer({
  clock: systemClock(),
  random: systemRandom(),
  deflate: {},
  onConnection(connection) {
    connection.start(ignore);
    connections.push(connection);
  },
}).attach(http);
http.listen(0, "127.0.0.1", () => {
  const payload = Buffer.from(json1k);
  serveCommands(() => sendAll([prepareText(payload)], connections), {
    port: http.address().port,
    path: "/",
    headers: ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"],
    setUp: "prepareText and sendAll, deflate with its defaults: level 1, no context takeover",
  });
});
