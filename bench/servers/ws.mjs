// ws: one prepared buffer, a send loop over all clients, compression off.

import { WebSocketServer } from "ws";
import { servePublishing, text64 } from "../lib/publish-loop.mjs";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () => {
  const message = Buffer.from(text64);
  const publish = () => {
    for (const client of server.clients) client.send(message, { binary: false });
  };
  servePublishing(publish, {
    port: server.address().port,
    path: "/",
    setUp: "send loop, prepared buffer, no compression",
    marker: "xxxx",
  });
});
