// Bare net.Socket with a WebSocket handshake: one prebuilt buffer per turn and socket. What Node's sockets cost at least.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { serveCommands, text64 } from "../lib/serve-commands.mjs";

const frame = Buffer.concat([Buffer.from([0x81, text64.length]), Buffer.from(text64)]);
const http = createServer();
const sockets = [];
http.on("upgrade", ({ headers }, socket) => {
  const accept = createHash("sha1")
    .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.setNoDelay(true);
  socket.resume();
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  sockets.push(socket);
});

let pendingCount = 0;
function flush() {
  const joined = pendingCount === 1 ? frame : Buffer.concat(new Array(pendingCount).fill(frame));
  pendingCount = 0;
  for (const socket of sockets) socket.write(joined);
}
http.listen(0, "127.0.0.1", () => {
  serveCommands(() => pendingCount++ === 0 && setImmediate(flush), {
    port: http.address().port,
    path: "/",
    setUp: "no WebSocket library: one buffer per turn written to every socket",
    marker: "xxxx",
  });
});
