// What is said and drawn in the rooms of the MessagePack test.

import { bytes, call, channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

export const sketches = defineContract({
  channels: {
    room: channel({ params: { roomId: z.string() }, events: { said: z.string(), stroke: bytes() } }),
  },
  calls: { measure: call({ input: z.string(), output: z.number() }) },
});
