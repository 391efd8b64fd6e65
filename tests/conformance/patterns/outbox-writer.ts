// A process that publishes without a server and is killed: `outbox-writer.ts <file> <text>…`. Says so when all is on the disk.

import { createClient } from "@heddle/client";
import { fileStore, openOutbox } from "@heddle/client/outbox";
import type { chat } from "../support/chat.ts";

const [path = "", ...texts] = process.argv.slice(2);
const outbox = await openOutbox({ store: fileStore({ path }) });
// Port 9 discards: nobody listens there.
const client = createClient<typeof chat>({ url: "ws://127.0.0.1:9/realtime", token: () => "ada", outbox });
const room = client.channel("room", { roomId: "1" });
for (const text of texts) void room.publish("message", { text });
await outbox.flush();
console.log("kept");
