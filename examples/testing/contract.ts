// What may be said, for both sides.
import { call, channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

export const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: { message: z.object({ text: z.string().min(1).max(500), from: z.string().default("") }) },
    }),
  },
  calls: { rename: call({ input: z.object({ name: z.string().max(40) }), output: z.object({ name: z.string() }) }) },
});
