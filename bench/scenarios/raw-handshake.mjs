// What does it cost a server to take a connection in and to let it go?

import { runDriven } from "../lib/driven.mjs";

export const title =
  "opening handshakes, 50 under way, each connection reset once it is open: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

const load = { driver: "handshakes", driverArgs: { atOnce: 50 }, unit: "handshake" };
export const run = (names, options) => runDriven(names, options, load);
