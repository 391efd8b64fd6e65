// @heddle/websocket alone: one prepared frame to all connections by the bulk send.

import { createServer } from "node:http";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer, prepareText, sendAll } from "@heddle/websocket";
import { servePublishing, text64 } from "../lib/publish-loop.mjs";

const http = createServer();
const connections = [];
const ignore = { onText() {}, onBinary() {}, onClose() {} };
createWebSocketServer({
  clock: systemClock(),
  random: systemRandom(),
  onConnection(connection) {
    connection.start(ignore);
    connections.push(connection);
  },
}).attach(http);
http.listen(0, "127.0.0.1", () => {
  const payload = Buffer.from(text64);
  servePublishing(() => sendAll([prepareText(payload)], connections), {
    port: http.address().port,
    path: "/",
    setUp: "prepareText and sendAll, portable path",
    marker: "xxxx",
  });
});
