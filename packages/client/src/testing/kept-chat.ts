import { createClient } from "@heddle/client";
import { indexedDbStore, openOutbox } from "@heddle/client/outbox";
import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

const chat = defineContract({
  channels: { room: channel({ params: { roomId: z.string() }, events: { message: z.object({ text: z.string() }) } }) },
});

export async function enterForGood(url: string, user: string, token: () => Promise<string>): Promise<void> {
  const outbox = await openOutbox({
    store: indexedDbStore({ name: `chat-${user}` }), // in Node: fileStore({ path })
    onWarning: ({ code, message }) => console.log(code, message),
  });
  outbox.onSettled(({ outcome, payload }) => console.log("from the page before:", outcome, payload));

  const client = createClient<typeof chat>({ url, token, outbox });
  const room = client.channel("room", { roomId: "42" }, { at: "kept" }); // goes on where the last page had handled it
  room.on("message", ({ text }) => console.log(text));
  await room.publish("message", { text: "hi" }, { deadlineMs: 3_600_000 });
}
