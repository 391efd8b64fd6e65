// Socket.IO: io.emit over the WebSocket transport alone, compression off.

import { Server } from "socket.io";
import { createServer } from "node:http";
import { serveCommands, text64 } from "../lib/serve-commands.mjs";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
io.on("connection", (socket) => socket.on("echo", (text, reply) => reply(text)));
http.listen(0, "127.0.0.1", () => {
  serveCommands(() => io.emit("m", text64), {
    port: http.address().port,
    path: "/socket.io/?EIO=4&transport=websocket",
    greeting: ["40"],
    setUp: "io.emit, websocket only, no compression",
    marker: '42["m"',
    call: { question: `42#["echo","${text64}"]`, answer: `43#["${text64}"]` },
    pong: { ping: "2", pong: "3" },
  });
});
