// What does a delivery over HTTP cost the server, beside one over a WebSocket at the same load?

import { runFanout } from "../lib/fanout.mjs";
import { startHttp } from "../lib/http-contender.mjs";

export const title =
  "fan-out of the whole system to 1 000 subscribers, 64-byte messages: by WebSocket, stream and poll";
export const contenders = ["websocket", "stream", "poll"];

const subscribers = 1_000;
/** A client that polls asks again after each answer: more than this a single node has no time for. */
const cases = [
  { name: "one publish per turn, 2 000 deliveries/s", burst: 1, perSecond: 2_000 / subscribers },
  { name: "ten publishes per turn, 10 000 deliveries/s", burst: 10, perSecond: 10_000 / subscribers },
];

export const run = (names, options) =>
  runFanout(names, options, { subscribers, cases, warmUp: cases[0], start: (name) => startHttp(name, subscribers) });
