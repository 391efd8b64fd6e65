import { jwt } from "@heddle/auth-jwt";
import { createServer, refuse } from "@heddle/server";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { z } from "zod";

// Usually a file of its own, imported by both sides; the client needs its type alone.
export const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: {
        message: z.object({ text: z.string().min(1).max(4_000), from: z.string().optional() }),
        typing: volatile(z.object({ on: z.boolean() })),
      },
      member: z.object({ name: z.string().max(40) }),
    }),
  },
  calls: { rename: call({ input: z.object({ name: z.string() }), output: z.object({ name: z.string() }) }) },
  notices: { notify: z.object({ text: z.string() }) },
});

export const server = createServer({ contract: chat, auth: jwt({ secret: process.env["JWT_SECRET"] ?? "" }) });

server
  .channel("room")
  .authorize(({ user, params, action }) => action !== "publish" || params.roomId !== "news" || user.id === "editor")
  .on("message", (message, { user }) => {
    if (message.text.includes("spam")) refuse("no spam here");
    return { ...message, from: user.id };
  });

server.call("rename", async ({ name }, { user }) => {
  await server.user(user.id).send("notify", { text: `You are ${name} now` }); // every device of that user
  return { name };
});

const { url } = await server.listen({ port: Number(process.env["PORT"] ?? 7070) });
console.log(`listening on ${url}/realtime`);
