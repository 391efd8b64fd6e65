// The words a contract is written in: channels with parameters and events, calls, questions and notices. Each function
// fills in what was left open; `defineContract` checks the whole.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { days } from "./durations.ts";

export type Schema = StandardSchemaV1;

/**
 * Parameters of a channel by name, at most 16. Their values are text on the wire. A schema that refuses the text `7` is
 * shown the number 7; whatever it makes of a value must read as the same text again, so that one channel has one name.
 */
export type ParamSchemas = Readonly<Record<string, StandardSchemaV1<unknown, string | number>>>;

/** An event that is never stored: whoever listens now gets it, nobody later. */
export interface VolatileEvent<S extends Schema = Schema> {
  readonly volatile: S;
}

export interface EventDefinition<S extends Schema = Schema, V extends boolean = boolean> {
  readonly schema: S;
  readonly isVolatile: V;
}

/** How much of a channel's past is kept: whichever limit is met first. */
export interface HistoryDefinition {
  /** 1…100_000, default 1_000. */
  readonly entries: number;
  /** Milliseconds, 1_000…31_536_000_000, default one day. */
  readonly ageMs: number;
}

/** A stored event as `latestBy` sees it: what the schema made of the payload. */
export interface KeyedEvent<Payload = unknown> {
  readonly event: string;
  readonly payload: Payload;
}

/** For channels of state about many things: whoever is slow gets the newest event about each. */
export interface LatestBy<Payload = never> {
  /** Names what an event is about; events with one key replace each other. UTF-8, 1…64 bytes. */
  readonly latestBy: (event: KeyedEvent<Payload>) => string;
}

/**
 * What a subscriber gets that cannot keep up.
 * `resume`: every entry, later · `latest`: the newest entry · `{ latestBy }`: the newest entry of each key ·
 * `volatile`: nothing of what it missed · `disconnect`: its connection is closed, and every entry when it is back.
 */
export type SlowPolicy<Payload = never> = "resume" | "latest" | "volatile" | "disconnect" | LatestBy<Payload>;

export interface ChannelDefinition<
  P extends ParamSchemas = ParamSchemas,
  E extends Readonly<Record<string, EventDefinition>> = Readonly<Record<string, EventDefinition>>,
  M extends Schema | undefined = Schema | undefined,
> {
  readonly params: P;
  readonly events: E;
  /** Data of a member; without it the channel has no presence. */
  readonly member: M;
  readonly history: HistoryDefinition;
  readonly slow: SlowPolicy;
  /** Least time between deliveries to one subscriber of a `latest` or `latestBy` channel. Milliseconds, 0 or 10…60_000. */
  readonly everyMs: number;
  /** Longest time its events wait for others of such channels, to leave in one write. Milliseconds, 0…50; 0: only for those of the same turn. */
  readonly flushMs: number;
}

type EventSpecs = Readonly<Record<string, Schema | VolatileEvent>>;

/** What `channel` makes of the events it is given. */
export type EventsOf<E extends EventSpecs> = {
  readonly [K in keyof E]: E[K] extends VolatileEvent<infer S>
    ? EventDefinition<S, true>
    : E[K] extends Schema
      ? EventDefinition<E[K], false>
      : never;
};

interface ChannelSpecBase<P, E, M> {
  readonly params: P;
  readonly events: E;
  readonly member?: M;
  readonly history?: Partial<HistoryDefinition>;
  readonly flushMs?: number;
}

/** What `latestBy` may be asked about: events that are stored. */
type StoredPayload<E> = {
  [K in keyof E]: E[K] extends Schema ? StandardSchemaV1.InferOutput<E[K]> : never;
}[keyof E];

/** `everyMs` only means something where the newest entry is enough. */
export type ChannelSpec<P, E, M> = ChannelSpecBase<P, E, M> &
  (
    | { readonly slow?: "resume" | "volatile" | "disconnect"; readonly everyMs?: never }
    | { readonly slow: "latest" | LatestBy<StoredPayload<E>>; readonly everyMs?: number }
  );

export interface CallDefinition<
  I extends Schema = Schema,
  O extends Schema = Schema,
  R extends boolean = boolean,
  T extends boolean = boolean,
  S extends boolean = boolean,
> {
  /** Of the input; of each value where the input is a stream. */
  readonly input: I;
  /** Of the result; of each value where the result is a stream. */
  readonly output: O;
  /** Retried safely: the server carries out a repeated call once. */
  readonly isIdempotent: R;
  /** The result is any number of values, one after another. */
  readonly isStream: T;
  /** The input is any number of values, one after another. */
  readonly isInputStream: S;
}

/** An input or output of many values. */
export interface StreamOutput<S extends Schema = Schema> {
  readonly stream: S;
}

export type ChannelDefinitions = Readonly<Record<string, ChannelDefinition>>;
export type CallDefinitions = Readonly<Record<string, CallDefinition>>;
export type NoticeSchemas = Readonly<Record<string, Schema>>;

/** What a contract is made of. Every part may be left out. */
export interface ContractSpec {
  readonly channels?: ChannelDefinitions;
  /** Client → server, answered. */
  readonly calls?: CallDefinitions;
  /** Server → client, answered. */
  readonly asks?: CallDefinitions;
  /** Server → one user, one connection or everyone. */
  readonly notices?: NoticeSchemas;
}

export const historyDefaults: HistoryDefinition = { entries: 1_000, ageMs: days(1) };

/** Marks an event as volatile. */
export const volatile = <S extends Schema>(schema: S): VolatileEvent<S> => ({ volatile: schema });

export function channel<P extends ParamSchemas, E extends EventSpecs, M extends Schema | undefined = undefined>(
  spec: ChannelSpec<P, E, M>,
): ChannelDefinition<P, EventsOf<E>, M> {
  const events = Object.fromEntries(
    Object.entries(spec.events).map(([name, event]): [string, EventDefinition] => [
      name,
      isVolatileEvent(event) ? { schema: event.volatile, isVolatile: true } : { schema: event, isVolatile: false },
    ]),
  );
  return {
    params: spec.params,
    events: events as EventsOf<E>, // the mapped type says per key what the loop above does
    member: spec.member as M,
    history: { ...historyDefaults, ...spec.history },
    slow: spec.slow ?? "resume",
    everyMs: spec.everyMs ?? 0,
    flushMs: spec.flushMs ?? 0,
  };
}

// What is no schema at all is left for `defineContract`, which can name its place.
const isVolatileEvent = (event: Schema | VolatileEvent): event is VolatileEvent =>
  typeof event === "object" && event !== null && "volatile" in event && !("~standard" in event);

/** Marks an input or output as a stream of such values: any number of them, in order, at the consumer's pace. */
export const stream = <S extends Schema>(schema: S): StreamOutput<S> => ({ stream: schema });

/** A request; its input, its answer or both may be streams. A stream is not repeated, so such a call cannot be idempotent. */
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: StreamOutput<I>;
  readonly output: StreamOutput<O>;
}): CallDefinition<I, O, false, true, true>;
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: StreamOutput<I>;
  readonly output: O;
}): CallDefinition<I, O, false, false, true>;
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: I;
  readonly output: StreamOutput<O>;
}): CallDefinition<I, O, false, true, false>;
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: I;
  readonly output: O;
  readonly idempotent: true;
}): CallDefinition<I, O, true, false, false>;
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: I;
  readonly output: O;
  readonly idempotent?: false;
}): CallDefinition<I, O, false, false, false>;
export function call(spec: {
  readonly input: Schema | StreamOutput;
  readonly output: Schema | StreamOutput;
  readonly idempotent?: boolean;
}): CallDefinition {
  const { input, output, idempotent: isIdempotent = false } = spec;
  const [isInputStream, isStream] = [isStreamOf(input), isStreamOf(output)];
  return {
    input: isStreamOf(input) ? input.stream : input,
    output: isStreamOf(output) ? output.stream : output,
    ...{ isIdempotent, isStream, isInputStream },
  };
}

const isStreamOf = (spec: Schema | StreamOutput): spec is StreamOutput =>
  typeof spec === "object" && spec !== null && "stream" in spec && !("~standard" in spec);
