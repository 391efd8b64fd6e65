// The page of the test of shared tabs: follows a room, says things on request, and how its connection fares.

import { createClient } from "@heddle/client/tabs";
import type { words } from "./words.ts";

const heard: string[] = [];
const gaps: string[] = [];

const client = createClient<typeof words>({
  url: "/realtime",
  token: () => "ada",
  transports: ["websocket"], // a machine that starts thirty pages is slower than a second
});
const room = client.channel("room", { roomId: "1" }, { at: { last: 1_000 } });
room.on("said", (text) => void heard.push(text));
room.onGap(({ why }) => void gaps.push(why));

const page = {
  heard,
  gaps,
  connects: () => client.stats.connects,
  state: () => client.state.name,
  say: (text: string) => void room.publish("said", text),
};
export type TabsPage = typeof page;
Object.assign(globalThis, { page });
