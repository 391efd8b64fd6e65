// What is said between the test and its clients.

import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

export const contract = defineContract({
  channels: { room: channel({ params: {}, events: { asked: z.string(), answered: z.string() } }) },
});
export type Room = typeof contract;
