// What may be said, for both sides. The client takes only its types.
import { call, channel, days, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

export const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: { message: z.object({ text: z.string().min(1).max(4_000), from: z.string().default("") }) },
      history: { entries: 1_000, ageMs: days(1) },
    }),
  },
  calls: {
    roll: call({ input: z.object({ sides: z.number().int().min(2).max(100) }), output: z.number() }),
  },
});
