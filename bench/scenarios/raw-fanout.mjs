// What does a delivery of the WebSocket layer alone cost the server, and how near is that to what Node's sockets cost?

import { runFanout } from "../lib/fanout.mjs";

export const title = "fan-out to 1 000 subscribers, 64-byte messages: the WebSocket layer alone";
export const contenders = ["websocket", "net", "ws", "uws"];
export const run = (names, options) => runFanout(names, options);
