// What does a compressed delivery cost when a whole room gets the same?

import { casesOf, runFanout } from "../lib/fanout.mjs";

export const title = "fan-out to 1 000 subscribers with permessage-deflate, 1 KiB of JSON: the WebSocket layer alone";
export const contenders = ["websocket-deflate", "ws-deflate"];
const [, , oneSaturated] = casesOf(1_000);
export const run = (names, options) => runFanout(names, options, { cases: [oneSaturated] });
