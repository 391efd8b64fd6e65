// The page of the outbox test: publishes on request, keeps its place, and says what became of what.

import { createClient } from "@heddle/client";
import { indexedDbStore, openOutbox } from "@heddle/client/outbox";
import type { words } from "./words.ts";

const warnings: string[] = [];
const settled: string[] = [];
const heard: string[] = [];

const outbox = await openOutbox({
  store: indexedDbStore({ name: "test" }),
  onWarning: ({ code }) => void warnings.push(code),
});
outbox.onSettled(({ outcome }) => void settled.push(outcome));
const client = createClient<typeof words>({
  url: "/realtime",
  transports: ["websocket"], // what the test unplugs
  token: () => "ada",
  outbox,
  backoffMaxMs: 200,
});
const room = client.channel("room", { roomId: "1" }, { at: "kept" });
room.on("said", (text) => void heard.push(text));

const page = {
  warnings,
  settled,
  heard,
  state: () => client.state.name,
  outbox,
  async say(text: string): Promise<void> {
    room.publish("said", text).catch(() => undefined); // its page may be gone before it is answered
    await outbox.flush();
  },
};
export type OutboxPage = typeof page;
Object.assign(globalThis, { page });
