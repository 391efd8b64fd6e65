// What does a delivery of the whole system cost the server, beside the peers?

import { runFanout } from "../lib/fanout.mjs";

export const title = "fan-out to 1 000 subscribers, 64-byte messages: the whole system";
export const contenders = ["heddle", "ws", "socketio", "uws"];
export const run = (names, options) => runFanout(names, options);
