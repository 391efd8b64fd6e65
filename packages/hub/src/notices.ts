// The channels behind `$me` and `$all`: kept for those who are away, readable by whom they belong to, written by the server alone.

import type { ChannelPolicy, Keep } from "./ports/index.ts";

/** How long notices wait for somebody who is offline. */
export const noticeKeep: Keep = { entries: 100, ageMs: 86_400_000 };

export const noticePolicy: ChannelPolicy = {
  keep: noticeKeep,
  mode: "resume",
  everyMs: 0,
  recoverMax: noticeKeep.entries,
  isDurable: true,
  hasPresence: false,
  event: () => "durable",
  authorize: (action) => action === "subscribe",
  prepare: () => ({ is: "refused", why: "notices are sent by the server" }),
  prepareMember: () => ({ is: "refused", why: "notices have no members" }),
};
