// ws: one prepared buffer, a send loop over all clients, compression off. Echoes what it is sent.

import { WebSocketServer } from "ws";
import { serveCommands, text64 } from "../lib/serve-commands.mjs";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () => {
  server.on("connection", (client) => {
    client.on("error", () => undefined); // a reset is what the handshake driver does
    client.on("message", (data, binary) => client.send(data, { binary })); // for the echo
  });
  const message = Buffer.from(text64);
  const publish = () => {
    for (const client of server.clients) client.send(message, { binary: false });
  };
  serveCommands(publish, {
    port: server.address().port,
    path: "/",
    setUp: "send loop, prepared buffer, no compression",
    marker: "xxxx",
  });
});
