// Compiled, never run: what must compile does, what must not is marked.

import { bytes, call, channel, defineContract, stream, volatile } from "@heddle/protocol/contract";
import { z } from "zod";
import { enter } from "./testing/chat-room.ts";
import { createClient, streamInto, streamOf, streamThrough } from "./index.ts";
import {
  createClient as createSmallest,
  historyOf,
  historyPageOf,
  onAsk,
  onBytes,
  presenceOf,
  publishBytes,
} from "./websocket.ts";

const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: {
        message: z.object({ text: z.string() }).transform(({ text }) => ({ text, from: "" })),
        typing: volatile(z.object({ on: z.boolean() })),
      },
      member: z.object({ name: z.string() }),
    }),
    lobby: channel({ params: {}, events: { opened: z.string() } }),
    sketch: channel({ params: {}, events: { stroke: bytes(), pointer: volatile(bytes()), title: z.string() } }),
  },
  calls: {
    rename: call({ input: z.object({ to: z.string() }), output: z.string() }),
    order: call({ input: z.number(), output: z.number(), idempotent: true }),
    tail: call({ input: z.object({ from: z.number() }), output: stream(z.object({ n: z.number() })) }),
    load: call({ input: stream(z.object({ n: z.number() })), output: z.string() }),
    upper: call({ input: stream(z.string()), output: stream(z.string()) }),
  },
  asks: {
    confirm: call({ input: z.string(), output: z.boolean() }),
    list: call({ input: z.string(), output: stream(z.number()) }),
  },
  notices: { notify: z.object({ title: z.string() }) },
});

const client = createClient<typeof chat>({ url: "/realtime", token: ({ reason }) => reason });
const room = client.channel("room", { roomId: "42" }, { at: { last: 10 }, presence: true });

client.channel("lobby").on("opened", (name) => name.trim());
client.channel("lobby", {}, { at: "snap" });
room.on("message", ({ text, from }, { position }) => void [text.trim(), from.trim(), position?.[0].trim()]);
room.onGap(({ to }) => to);
room.onGap(() => Promise.resolve());
void room
  .publish("message", { text: "hi" }, { until: "echo" })
  .then(({ position, duplicate }) => [position, duplicate]);
void room.publish("typing", { on: true }, { volatile: true });
void room.presence.enter({ name: "Ada" });
room.presence.onChange(({ members }) => members.get("x")?.data.name.trim());
void client.call("rename", { to: "x" }).then((name) => name.trim());
void client.call("order", 1, { idempotent: true, timeoutMs: 5 }).then((fill) => fill.toFixed());
client.onAsk("confirm", (question) => question.length > 3);
client.onNotice("notify", ({ title }) => title.trim());
for await (const entry of room.history({ before: room.attachedAt })) {
  if (entry.meta.event === "message") void entry.meta.position;
}
for await (const { n } of streamOf(client, "tail", { from: 1 }, { windowCost: 1_000 })) void n.toFixed();
// @ts-expect-error it streams
void client.call("tail", { from: 1 });
// @ts-expect-error it has one answer
streamOf(client, "rename", { to: "x" });
// @ts-expect-error another input
streamOf(client, "tail", { to: "x" });
// @ts-expect-error no such call
streamOf(client, "head", {});
type NumbersPage = Promise<{ readonly entries: readonly { readonly payload: number }[] }>;
const smallest = createSmallest<typeof chat>({ url: "/realtime" });
const smallRoom = smallest.channel("room", { roomId: "42" });
smallRoom.on("message", ({ text, from }) => void [text.trim(), from.trim()]);
void presenceOf(smallRoom).enter({ name: "Ada" });
void presenceOf(room).members.get("x")?.data.name.trim();
onAsk(smallest, "confirm", (question) => question.length > 3);
for await (const entry of historyOf(smallRoom, { last: 10 })) {
  if ("text" in entry.payload) void entry.payload.text.trim();
}
void historyPageOf(smallRoom, { last: 10 }).then(({ entries }) => entries.map(({ meta }) => meta.position));

await using closed = client;
void closed.state.name;
void enter("/realtime", () => Promise.resolve("token")).then((entered) => entered.close());

// @ts-expect-error no such channel
client.channel("rooms", { roomId: "42" });
// @ts-expect-error parameters are missing
client.channel("room");
// @ts-expect-error another parameter
client.channel("room", { id: "42" });
// @ts-expect-error no such event
room.on("messages", () => undefined);
// @ts-expect-error payload of the wrong type
void room.publish("message", { text: 1 });
// @ts-expect-error a volatile event has to be said to be one
void room.publish("typing", { on: true });
// @ts-expect-error a durable event is not volatile
void room.publish("message", { text: "hi" }, { volatile: true });
// @ts-expect-error member of the wrong type
void room.presence.enter({ nick: "Ada" });
// @ts-expect-error no such call
void client.call("renamed", { to: "x" });
// @ts-expect-error an idempotent call has to be said to be one
void client.call("order", 1);
// @ts-expect-error a call that is not idempotent is not retried
void client.call("rename", { to: "x" }, { idempotent: true });
// @ts-expect-error answer of the wrong type
client.onAsk("confirm", () => "yes");
// @ts-expect-error no such notice
client.onNotice("notice", () => undefined);
// @ts-expect-error presence is imported, not a member
void smallRoom.presence;
// @ts-expect-error history is imported, not a member
void smallRoom.history;
// @ts-expect-error what answers questions is imported, not a member
void smallest.onAsk;
// @ts-expect-error member of the wrong type
void presenceOf(smallRoom).enter({ nick: "Ada" });
// @ts-expect-error this channel has no such entries
void (historyPageOf(smallest.channel("lobby"), { last: 1 }) satisfies NumbersPage);
// @ts-expect-error answer of the wrong type
onAsk(smallest, "confirm", () => "yes");
// @ts-expect-error no such question
onAsk(smallest, "confirmed", () => true);
// @ts-expect-error a channel is wanted
void presenceOf(smallest);

const sketch = client.channel("sketch");
sketch.on("stroke", (stroke) => stroke.subarray(1));
void sketch.publish("stroke", new Uint8Array(1));
void sketch.publish("pointer", new Uint8Array(1), { volatile: true });
// @ts-expect-error bytes wanted
void sketch.publish("stroke", "text");
const smallSketch = createSmallest<typeof chat>({}).channel("sketch");
smallSketch.on("title", (title) => title.trim());
onBytes(smallSketch, "stroke", (stroke) => stroke.subarray(1));
void publishBytes(smallSketch, "stroke", new Uint8Array(1), { until: "echo" });
void publishBytes(smallSketch, "pointer", new Uint8Array(1), { volatile: true });
// @ts-expect-error the contract says it is volatile
void publishBytes(smallSketch, "pointer", new Uint8Array(1));
// @ts-expect-error it is no payload of bytes
onBytes(smallSketch, "title", () => undefined);
// @ts-expect-error bytes are imported here
smallSketch.on("stroke", () => undefined);
// @ts-expect-error bytes are imported here
void smallSketch.publish("stroke", new Uint8Array(1));

void streamInto(client, "load", [{ n: 1 }]).then((text) => text.trim());
for await (const line of streamThrough(client, "upper", ["a"], { windowCost: 1_000 })) void line.trim();
client.onAsk("list", async function* (folder) {
  yield folder.length;
});
client.onAsk("list", () => [1, 2]);
onAsk(createSmallest<typeof chat>({}), "list", () => Promise.resolve([1]));
// @ts-expect-error one value wanted
client.onAsk("confirm", () => [true]);
// @ts-expect-error many values wanted
client.onAsk("list", () => 1);
// @ts-expect-error values of another type
void streamInto(client, "load", ["a"]);
// @ts-expect-error its output streams as well
void streamInto(client, "upper", ["a"]);
// @ts-expect-error its input streams as well
streamOf(client, "upper", "a");
// @ts-expect-error its input streams
void client.call("load", { n: 1 });
// @ts-expect-error its output does not stream
streamThrough(client, "load", [{ n: 1 }]);
