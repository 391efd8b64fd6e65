// Heddle with subscribers by each of its transports.

import { Contender } from "./contest.mjs";

/** @param how  `websocket`, `stream` or `poll` */
export const startHttp = (how, count) =>
  Contender.start(how, how === "websocket" ? "subscribers" : "http-subscribers", { how, count }, "heddle");
