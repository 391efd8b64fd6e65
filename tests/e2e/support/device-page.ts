// The page of the device test: follows a room and says how its connection fares.

import { createClient } from "@heddle/client";
import type { words } from "./words.ts";

const heard: string[] = [];
const states: string[] = [];

const client = createClient<typeof words>({ url: "/realtime", token: () => "ada" });
client.onState(({ name }) => void states.push(name));
client.channel("room", { roomId: "1" }).on("said", (text) => void heard.push(text));

const page = {
  heard,
  states,
  connects: () => client.stats.connects,
  transport: () => [client.transport.name, client.transport.why],
};
export type DevicePage = typeof page;
Object.assign(globalThis, { page });
