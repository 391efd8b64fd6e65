// A Node client: says one thing, hears it, rolls a die, and leaves. In a browser only the token comes from elsewhere.
import { createClient } from "@heddle/client";
import { signToken } from "@heddle/auth-jwt";
import type { chat } from "./contract.ts";

const secret = process.env["HEDDLE_SECRET"] ?? "";
const client = createClient<typeof chat>({
  url: process.env["HEDDLE_URL"] ?? "ws://127.0.0.1:7071/realtime",
  token: () => signToken({ secret, user: "ada" }), // an application asks its own sign-in instead
});

const room = client.channel("room", { roomId: "lobby" });
room.onGap(({ why, from, to }) => console.log("missed something:", why, from, to));
const heard = new Promise<void>((resolve) => {
  room.on("message", ({ text, from }) => {
    console.log(`${from}: ${text}`);
    resolve();
  });
});

await room.ready();
const { position } = await room.publish("message", { text: "hello" });
console.log("stored at", position);
await heard;
console.log("rolled", await client.call("roll", { sides: 6 }));
await client.close();
