// What is said in the rooms of the outbox test.

import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

export const words = defineContract({
  channels: {
    room: channel({ params: { roomId: z.string() }, events: { said: z.string() }, history: { entries: 1_000 } }),
  },
});
