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

/** What a subscriber gets that cannot keep up: every entry later (`resume`), or the newest one (`latest`). */
export type SlowPolicy = "resume" | "latest";

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
  /** Least time between deliveries to one subscriber of a `latest` channel. Milliseconds, 0 or 10…60_000. */
  readonly everyMs: number;
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
}

/** `everyMs` only means something where the newest entry is enough. */
export type ChannelSpec<P, E, M> = ChannelSpecBase<P, E, M> &
  ({ readonly slow?: "resume"; readonly everyMs?: never } | { readonly slow: "latest"; readonly everyMs?: number });

export interface CallDefinition<I extends Schema = Schema, O extends Schema = Schema, R extends boolean = boolean> {
  readonly input: I;
  readonly output: O;
  /** Retried safely: the server carries out a repeated call once. */
  readonly isIdempotent: R;
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
  };
}

// What is no schema at all is left for `defineContract`, which can name its place.
const isVolatileEvent = (event: Schema | VolatileEvent): event is VolatileEvent =>
  typeof event === "object" && event !== null && "volatile" in event && !("~standard" in event);

/** A request with one answer. */
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: I;
  readonly output: O;
  readonly idempotent: true;
}): CallDefinition<I, O, true>;
export function call<I extends Schema, O extends Schema>(spec: {
  readonly input: I;
  readonly output: O;
  readonly idempotent?: false;
}): CallDefinition<I, O, false>;
export function call(spec: {
  readonly input: Schema;
  readonly output: Schema;
  readonly idempotent?: boolean;
}): CallDefinition {
  return { input: spec.input, output: spec.output, isIdempotent: spec.idempotent ?? false };
}
