// ws with permessage-deflate: a send loop over all clients, level 1, no context takeover, as cheap as it can be set.

import { WebSocketServer } from "ws";
import { json1k, serveCommands } from "../lib/serve-commands.mjs";

const perMessageDeflate = {
  threshold: 0,
  zlibDeflateOptions: { level: 1 },
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate }, () => {
  const message = Buffer.from(json1k);
  const publish = () => {
    for (const client of server.clients) client.send(message, { binary: false });
  };
  serveCommands(publish, {
    port: server.address().port,
    path: "/",
    headers: ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"],
    setUp: "send loop, level 1, no context takeover",
  });
});
