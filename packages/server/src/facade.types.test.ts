// Compiled, never run: what must compile does, what must not is marked.

import { call, channel, defineContract, stream, volatile } from "@heddle/protocol/contract";
import { z } from "zod";
import { createServer, dangerouslyAllowAnonymous, refuse, stateAt } from "./index.ts";

const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: {
        message: z.object({ text: z.string(), from: z.string().optional(), count: z.number().default(1) }),
        typing: volatile(z.boolean()),
      },
      member: z.object({ name: z.string() }),
    }),
    news: channel({ params: {}, events: { item: z.string() } }),
  },
  calls: {
    add: call({ input: z.object({ a: z.number(), b: z.number().default(0) }), output: z.object({ sum: z.number() }) }),
    ping: call({ input: z.undefined(), output: z.void() }),
    tail: call({ input: z.object({ from: z.number() }), output: stream(z.object({ n: z.number() })) }),
    load: call({ input: stream(z.object({ n: z.number() })), output: z.number() }),
  },
  asks: {
    confirm: call({ input: z.object({ text: z.string() }), output: z.boolean() }),
    files: call({ input: z.object({}), output: stream(z.string()) }),
  },
  notices: { notify: z.object({ text: z.string() }) },
});

const server = createServer({ contract: chat, auth: dangerouslyAllowAnonymous() });

// @ts-expect-error there is no default for auth
createServer({ contract: chat });

// Channels
const room = server
  .channel("room")
  .authorize(({ user, params, action }) => action === "publish" && params.roomId === user.id)
  .on("message", (message, { user, now }) => {
    if (now === 0) refuse("too early");
    const text: string = message.text;
    const count: number = message.count; // the schema's output
    return { ...message, text, count, from: user.id };
  })
  .on("typing", () => undefined)
  .snapshot(({ params, position }) => stateAt(position, params.roomId));
room.snapshot.perUser(({ user }) => user.id);

// @ts-expect-error no such channel
server.channel("lobby");
// @ts-expect-error no such event
room.on("shout", () => undefined);
// @ts-expect-error the hook returns something else than the event
room.on("message", () => 7);
// @ts-expect-error authorize answers yes or no
room.authorize(() => "yes");
// @ts-expect-error no such parameter
room.authorize(({ params }) => params.house === "1");
// @ts-expect-error a shared snapshot sees no user
room.snapshot(({ user }) => user);

// Presence
room.memberBy("user");
room.memberBy(({ params, claims }) => `${params.roomId} ${String(claims["device"])}`);
// @ts-expect-error no such way to count
room.memberBy("tab");

// Publishing
void room.publish({ roomId: "1" }, "message", { text: "hi" }); // the schema's input: count has a default
void server.channel("news").publish({}, "item", "text");
// @ts-expect-error no such event
void room.publish({ roomId: "1" }, "shout", { text: "hi" });
// @ts-expect-error wrong payload
void room.publish({ roomId: "1" }, "message", { text: 7 });
// @ts-expect-error wrong parameter
void room.publish({ roomId: 1 }, "message", { text: "hi" });
// @ts-expect-error missing parameter
void room.publish({}, "message", { text: "hi" });

// Reading
const readers = async (): Promise<void> => {
  const [member] = await room.members({ roomId: "1" });
  member?.data.name satisfies string | undefined;
  (await room.members({ roomId: "1" }, { user: "ada" })) satisfies readonly { readonly id: string }[];
  (await room.memberCount({ roomId: "1" })) satisfies number;
  for (const stored of (await room.history({ roomId: "1" }, { last: 1 })).events) {
    if (stored.event === "message") stored.payload.text satisfies string;
    // @ts-expect-error a union over the events has to be narrowed first
    void stored.payload.text;
  }
};
void readers;

// Calls
server.call("add", ({ a, b }, { user, signal, idempotencyKey }) => {
  const key: string | undefined = idempotencyKey;
  return { sum: a + b + user.id.length + (key?.length ?? 0) + (signal.aborted ? 1 : 0) };
});
server.call("ping", async () => undefined);
server.call("tail", async function* ({ from }, { signal }) {
  for (let n = from; !signal.aborted; n++) yield { n };
});
server.call("tail", ({ from }) => [{ n: from }]);
// @ts-expect-error one value where many are wanted
server.call("tail", ({ from }) => ({ n: from }));
// @ts-expect-error wrong values
server.call("tail", async function* () {
  yield { n: "1" };
});
server.call("load", async (values, { signal }) => {
  let sum = 0;
  for await (const { n } of values) sum += signal.aborted ? 0 : n;
  return sum;
});
server.call("load", (values) => {
  // @ts-expect-error the input is many values
  void values.n;
  return 1;
});
// @ts-expect-error no such call
server.call("subtract", () => 1);
// @ts-expect-error wrong result
server.call("add", () => ({ sum: "1" }));

// People
const people = async (): Promise<void> => {
  await server.user("u1").send("notify", { text: "hi" });
  await server.broadcast("notify", { text: "hi" });
  const { answers } = await server.user("u1").ask("confirm", { text: "?" }, { timeoutMs: 1_000 });
  answers satisfies readonly { readonly value: boolean }[];
  (await server.connection("c").ask("confirm", { text: "?" })) satisfies boolean;
  for await (const name of server.connection("c").askStream("files", {})) name satisfies string;
  // @ts-expect-error its answer is many values
  await server.connection("c").ask("files", {});
  // @ts-expect-error its answer is one value
  server.connection("c").askStream("confirm", { text: "?" });
  // @ts-expect-error no such notice
  await server.broadcast("shout", { text: "hi" });
  // @ts-expect-error wrong notice
  await server.user("u1").send("notify", { text: 1 });
  // @ts-expect-error no such question
  await server.user("u1").ask("sure", { text: "?" });
  // @ts-expect-error wrong question
  await server.connection("c").ask("confirm", {});
};
void people;
