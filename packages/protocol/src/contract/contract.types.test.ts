// Compiled, never run: what must compile does, what must not is marked.

import { z } from "zod";
import { call, channel, defineContract, stream, volatile } from "./index.ts";
import type {
  AskInput,
  AskName,
  AskOutput,
  AskRequest,
  AskResult,
  CallInput,
  CallName,
  CallOutput,
  CallRequest,
  CallResult,
  ChannelKey,
  Contract,
  EventInput,
  EventName,
  EventOutput,
  IsIdempotent,
  IsVolatile,
  MemberInput,
  MemberOf,
  NoticeInput,
  NoticeName,
  NoticeOutput,
  ParamsOf,
  StandardSchemaV1,
} from "./index.ts";

const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: { message: z.object({ text: z.string() }), typing: volatile(z.object({ on: z.boolean() })) },
      member: z.object({ name: z.string(), color: z.string().default("red") }),
    }),
    seat: channel({
      params: { row: z.string(), number: z.coerce.number(), floor: z.number() },
      events: { taken: z.string().transform((text) => text.length) },
    }),
    lobby: channel({ params: {}, events: { opened: z.string() } }),
    quotes: channel({ params: { symbol: z.string() }, events: { tick: z.number() }, slow: "latest", everyMs: 100 }),
    cursors: channel({
      params: {},
      events: { moved: z.object({ who: z.string(), x: z.number() }), hint: volatile(z.number()) },
      slow: { latestBy: ({ payload }) => payload.who },
      everyMs: 50,
    }),
    orders: channel({ params: {}, events: { order: z.string() }, slow: "disconnect" }),
  },
  calls: {
    rename: call({ input: z.object({ to: z.string().default("x") }), output: z.string() }),
    order: call({ input: z.number(), output: z.number(), idempotent: true }),
  },
  asks: { confirm: call({ input: z.object({ text: z.string().default("?") }), output: z.stringbool() }) },
  notices: { notify: z.object({ title: z.string(), at: z.number().default(0) }) },
});
type Chat = typeof chat;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

holds<Equal<ChannelKey<Chat>, "room" | "quotes" | "seat" | "lobby" | "cursors" | "orders">>();
holds<Equal<EventName<Chat, "room">, "message" | "typing">>();
holds<Equal<ParamsOf<Chat, "room">, { readonly roomId: string }>>();
holds<Equal<ParamsOf<Chat, "seat">, { readonly row: string; readonly number: number; readonly floor: number }>>();
holds<Equal<ParamsOf<Chat, "lobby">, {}>>();
holds<Equal<EventInput<Chat, "room", "message">, { text: string }>>();
holds<Equal<EventInput<Chat, "seat", "taken">, string>>();
holds<Equal<EventOutput<Chat, "seat", "taken">, number>>();
holds<Equal<EventOutput<Chat, "quotes", "tick">, number>>();
holds<Equal<IsVolatile<Chat, "room", "typing">, true>>();
holds<Equal<IsVolatile<Chat, "room", "message">, false>>();
holds<Equal<MemberOf<Chat, "room">, { name: string; color: string }>>();
holds<Equal<MemberInput<Chat, "room">, { name: string; color?: string | undefined }>>();
holds<Equal<MemberInput<Chat, "quotes">, never>>();
holds<Equal<MemberOf<Chat, "quotes">, never>>();
holds<Equal<CallName<Chat>, "rename" | "order">>();
holds<Equal<CallInput<Chat, "rename">, { to?: string | undefined }>>();
holds<Equal<CallRequest<Chat, "rename">, { to: string }>>();
holds<Equal<CallResult<Chat, "rename">, string>>();
holds<Equal<CallOutput<Chat, "order">, number>>();
holds<Equal<IsIdempotent<Chat, "order">, true>>();
holds<Equal<IsIdempotent<Chat, "rename">, false>>();
holds<Equal<AskName<Chat>, "confirm">>();
holds<Equal<AskInput<Chat, "confirm">, { text?: string | undefined }>>();
holds<Equal<AskRequest<Chat, "confirm">, { text: string }>>();
holds<Equal<AskResult<Chat, "confirm">, string>>();
holds<Equal<AskOutput<Chat, "confirm">, boolean>>();
holds<Equal<NoticeName<Chat>, "notify">>();
holds<Equal<NoticeInput<Chat, "notify">, { title: string; at?: number | undefined }>>();
holds<Equal<NoticeOutput<Chat, "notify">, { title: string; at: number }>>();

// What is left out has no names, and any contract is a Contract.
const small = defineContract({});
holds<Equal<ChannelKey<typeof small>, never>>();
holds<Equal<CallName<typeof small>, never>>();
holds<Equal<AskName<typeof small>, never>>();
holds<Equal<NoticeName<typeof small>, never>>();
export const contracts: readonly Contract[] = [chat, small];

/** As a client types its methods. */
declare function publish<K extends ChannelKey<Chat>, E extends EventName<Chat, K>>(
  key: K,
  params: ParamsOf<Chat, K>,
  event: E,
  payload: EventInput<Chat, K, E>,
): EventOutput<Chat, K, E>;
declare function request<N extends CallName<Chat>>(name: N, input: CallInput<Chat, N>): CallOutput<Chat, N>;
declare function enter<K extends ChannelKey<Chat>>(key: K, member: MemberInput<Chat, K>): void;
/** A schema of nobody's library. */
declare const plain: StandardSchemaV1<"a" | "b", number>;

holds<Equal<CallOutput<Contract<{}, { c: ReturnType<typeof plainCall> }>, "c">, number>>();
const plainCall = () => call({ input: plain, output: plain });
publish("room", { roomId: "42" }, "message", { text: "hi" });
publish("lobby", {}, "opened", "now");
request("rename", {});
enter("room", { name: "Ada" });

// @ts-expect-error another channel's event
publish("room", { roomId: "42" }, "tick", 1);
// @ts-expect-error a payload without its text
publish("room", { roomId: "42" }, "message", {});
// @ts-expect-error a payload of the wrong type
publish("quotes", { symbol: "X" }, "tick", "1");
// @ts-expect-error a payload with a key too many
publish("room", { roomId: "42" }, "message", { text: "hi", from: "me" });
// @ts-expect-error a parameter of another channel
publish("room", { symbol: "X" }, "message", { text: "hi" });
// @ts-expect-error a missing parameter
publish("room", {}, "message", { text: "hi" });
// @ts-expect-error a parameter of the wrong type
publish("seat", { row: "C", number: "7", floor: 1 }, "taken", "me");
// @ts-expect-error no such call
request("remove", {});
// @ts-expect-error another call's input
request("order", { to: "x" });
// @ts-expect-error no presence here
enter("quotes", { name: "Ada" });
// @ts-expect-error a member without its name
enter("room", {});

// @ts-expect-error no such channel
export type NoChannel = EventName<Chat, "nowhere">;
// @ts-expect-error no such event
export type NoEvent = EventInput<Chat, "room", "nothing">;
// @ts-expect-error no such call
export type NoCall = CallInput<Chat, "nothing">;
// @ts-expect-error everyMs goes with latest only
channel({ params: {}, events: { e: z.string() }, slow: "resume", everyMs: 100 });
// @ts-expect-error everyMs goes with latest only, also by default
channel({ params: {}, events: { e: z.string() }, everyMs: 100 });
// @ts-expect-error everyMs has no meaning for those who are disconnected
channel({ params: {}, events: { e: z.string() }, slow: "disconnect", everyMs: 100 });
// @ts-expect-error a key is text
channel({ params: {}, events: { e: z.object({ id: z.number() }) }, slow: { latestBy: ({ payload }) => payload.id } });
// @ts-expect-error there is no such policy
channel({ params: {}, events: { e: z.string() }, slow: "newest" });
// @ts-expect-error a parameter is text or a number
export const dated = defineContract({ channels: { c: channel({ params: { at: z.date() }, events: {} }) } });
// @ts-expect-error a member is a schema
channel({ params: {}, events: {}, member: { name: "text" } });
// @ts-expect-error a notice is a schema
defineContract({ notices: { notify: "text" } });
// @ts-expect-error a volatile event has a schema
volatile("text");
// @ts-expect-error an event is a schema
channel({ params: {}, events: { e: "text" } });
// @ts-expect-error a stream cannot be repeated
call({ input: z.string(), output: stream(z.string()), idempotent: true });
// @ts-expect-error a stream has a schema
stream("text");
// @ts-expect-error a call has an output
call({ input: z.string() });
// @ts-expect-error there are no such parts
defineContract({ chanels: {} });
