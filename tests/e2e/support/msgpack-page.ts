// The page of the MessagePack test: what an application does, on request, and what its socket carried.

import { createClient } from "@heddle/client/msgpack";
import type { sketches } from "./sketches.ts";

const kinds = new Set<string>();
const sent = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  kinds.add(`${this.protocol} ${typeof data}`);
  sent.call(this, data);
};

const client = createClient<typeof sketches>({ url: "/realtime", token: () => "ada", backoffMaxMs: 200 });
const room = client.channel("room", { roomId: "1" });
const said: string[] = [];
const strokes: number[][] = [];
room.on("said", (text) => void said.push(text));
room.on("stroke", (stroke) => void strokes.push([...stroke]));

const page = {
  said,
  strokes,
  kinds: () => [...kinds],
  say: async (text: string) => void (await room.publish("said", text, { until: "echo" })),
  draw: async (bytes: readonly number[]) =>
    void (await room.publish("stroke", Uint8Array.from(bytes), { until: "echo" })),
  measure: (text: string) => client.call("measure", text),
  history: async () => (await room.historyPage({ last: 10 })).entries.map(({ meta }) => meta.event),
};
export type MessagePackPage = typeof page;
Object.assign(globalThis, { page });
