// A server that sends every message back, as it came. Ctrl-C closes all connections and ends it.
//
//   PORT=9001 HOST=127.0.0.1 MAX_MESSAGE=16777216 MAX_FRAGMENTS=1000000 DEFLATE=1 node echo.mjs
import { createServer } from "node:http";
import { systemClock, systemRandom } from "@heddle/base/system";
import { createWebSocketServer } from "@heddle/websocket";
import { address, settings } from "./settings.mjs";

const server = createWebSocketServer({
  ...settings,
  clock: systemClock(),
  random: systemRandom(),
  onConnection(connection) {
    connection.start({
      onText: (text) => void connection.sendText(text),
      onBinary: (bytes) => void connection.sendBinary(bytes),
      onClose() {},
    });
  },
});

const http = createServer((_request, response) => response.writeHead(426, { Upgrade: "websocket" }).end());
server.attach(http);
http.listen(address, () => {
  const bound = /** @type {import("node:net").AddressInfo} */ (http.address());
  console.log(`ws://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}/`);
});

async function stop() {
  http.close();
  await server[Symbol.asyncDispose]();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop());
