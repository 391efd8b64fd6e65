import { createClient, historyOf, onAsk, presenceOf } from "@heddle/client/websocket";
import { call, channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: { message: z.object({ text: z.string() }) },
      member: z.object({ name: z.string() }),
    }),
  },
  asks: { confirm: call({ input: z.string(), output: z.boolean() }) },
});

export async function enterLightly(url: string, answer: (question: string) => boolean): Promise<void> {
  const client = createClient<typeof chat>({ url });
  const room = client.channel("room", { roomId: "42" });
  room.on("message", ({ text }) => console.log(text));
  await presenceOf(room).enter({ name: "Ada" });
  for await (const { payload } of historyOf(room, { last: 20 })) console.log(payload.text);
  onAsk(client, "confirm", answer);
}
