// What a contract says about types, for both sides. All of it derives from `typeof contract`; none of it exists at run time.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { BytesSchema } from "./bytes.ts";
import type { Contract } from "./contract.ts";
import type { Schema } from "./definitions.ts";

type In<S extends Schema> = StandardSchemaV1.InferInput<S>;
type Out<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** Keys of a contract's channels. */
export type ChannelKey<C extends Contract> = keyof C["channels"] & string;

type ChannelOf<C extends Contract, K extends ChannelKey<C>> = C["channels"][K];

/** Parameters as the server's hooks see them. */
export type ParamsOf<C extends Contract, K extends ChannelKey<C>> = {
  readonly [P in keyof ChannelOf<C, K>["params"] & string]: Out<ChannelOf<C, K>["params"][P]>;
};

/** Names of a channel's events. */
export type EventName<C extends Contract, K extends ChannelKey<C>> = keyof ChannelOf<C, K>["events"] & string;

type EventOf<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = ChannelOf<C, K>["events"][E];

/** Names of a channel's events whose payload is bytes. */
export type BytesEventName<C extends Contract, K extends ChannelKey<C>> = {
  [E in EventName<C, K>]: EventOf<C, K, E>["schema"] extends BytesSchema ? E : never;
}[EventName<C, K>];

/** What a publisher passes. */
export type EventInput<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = In<
  EventOf<C, K, E>["schema"]
>;

/** What a subscriber gets. */
export type EventOutput<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = Out<
  EventOf<C, K, E>["schema"]
>;

/** Whether an event is volatile: `true` or `false`. */
export type IsVolatile<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = EventOf<
  C,
  K,
  E
>["isVolatile"];

/** Data a member enters with; `never` when the channel has no presence. */
export type MemberInput<C extends Contract, K extends ChannelKey<C>> = ChannelOf<C, K>["member"] extends Schema
  ? In<ChannelOf<C, K>["member"]>
  : never;

/** Data of a member as others see it; `never` when the channel has no presence. */
export type MemberOf<C extends Contract, K extends ChannelKey<C>> = ChannelOf<C, K>["member"] extends Schema
  ? Out<ChannelOf<C, K>["member"]>
  : never;

export type CallName<C extends Contract> = keyof C["calls"] & string;
type CallOf<C extends Contract, N extends CallName<C>> = C["calls"][N];
/** What a caller passes. */
export type CallInput<C extends Contract, N extends CallName<C>> = In<CallOf<C, N>["input"]>;
/** What the handler gets. */
export type CallRequest<C extends Contract, N extends CallName<C>> = Out<CallOf<C, N>["input"]>;
/** What the handler returns. */
export type CallResult<C extends Contract, N extends CallName<C>> = In<CallOf<C, N>["output"]>;
/** What a caller gets. */
export type CallOutput<C extends Contract, N extends CallName<C>> = Out<CallOf<C, N>["output"]>;
/** Whether a call's result is a stream, its output then being the type of one value: `true` or `false`. */
export type IsStream<C extends Contract, N extends CallName<C>> = CallOf<C, N>["isStream"];
/** Whether a call's input is a stream, its input then being the type of one value: `true` or `false`. */
export type IsInputStream<C extends Contract, N extends CallName<C>> = CallOf<C, N>["isInputStream"];
type CallsThat<C extends Contract, Output extends boolean, Input extends boolean> = {
  [N in CallName<C>]: [IsStream<C, N>, IsInputStream<C, N>] extends [Output, Input] ? N : never;
}[CallName<C>];
/** Names of the calls whose output alone is a stream. */
export type StreamName<C extends Contract> = CallsThat<C, true, false>;
/** Names of the calls whose input alone is a stream. */
export type InputStreamName<C extends Contract> = CallsThat<C, false, true>;
/** Names of the calls whose input and output are streams. */
export type ThroughStreamName<C extends Contract> = CallsThat<C, true, true>;
/** Names of the calls without a stream. */
export type PlainCallName<C extends Contract> = CallsThat<C, false, false>;
/** Whether a call is idempotent: `true` or `false`. */
export type IsIdempotent<C extends Contract, N extends CallName<C>> = CallOf<C, N>["isIdempotent"];

export type AskName<C extends Contract> = keyof C["asks"] & string;
type AskOf<C extends Contract, N extends AskName<C>> = C["asks"][N];
/** Names of the asks whose answer is a stream. */
export type StreamAskName<C extends Contract> = {
  [N in AskName<C>]: AskOf<C, N>["isStream"] extends true ? N : never;
}[AskName<C>];
/** What the server passes. */
export type AskInput<C extends Contract, N extends AskName<C>> = In<AskOf<C, N>["input"]>;
/** What the client's handler gets. */
export type AskRequest<C extends Contract, N extends AskName<C>> = Out<AskOf<C, N>["input"]>;
/** What the client's handler returns. */
export type AskResult<C extends Contract, N extends AskName<C>> = In<AskOf<C, N>["output"]>;
/** What the server gets. */
export type AskOutput<C extends Contract, N extends AskName<C>> = Out<AskOf<C, N>["output"]>;

export type NoticeName<C extends Contract> = keyof C["notices"] & string;
/** What the server passes. */
export type NoticeInput<C extends Contract, N extends NoticeName<C>> = In<C["notices"][N]>;
/** What the client's handler gets. */
export type NoticeOutput<C extends Contract, N extends NoticeName<C>> = Out<C["notices"][N]>;
