// Numbered messages, and a question to a user's connections.

import { call, channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

/** Entries a channel keeps: more than anybody is ever behind. */
export const keptCount = 10_000;

export const feedContract = defineContract({
  channels: {
    feed: channel({
      params: { n: z.string() },
      events: { message: z.object({ n: z.number() }) },
      history: { entries: keptCount },
    }),
  },
  calls: {},
  asks: { where: call({ input: z.object({}), output: z.object({ at: z.string() }) }) },
});
