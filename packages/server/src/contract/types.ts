// Types the server's side derives from a contract, beside those the contract package gives both sides.

import type {
  CallName,
  CallRequest,
  CallResult,
  ChannelKey,
  Contract,
  EventName,
  EventOutput,
  IsInputStream,
  IsStream,
  ParamsOf,
} from "@heddle/protocol/contract";
import type { ActorContext, AuthorizeContext, CallContext, HookContext, SnapshotContext } from "./setup.ts";
import type { PositionedState } from "./snapshot.ts";
import type { StoredEvent } from "./events.ts";

/** A context whose parameters have the types of their schemas. */
type Typed<Context, C extends Contract, K extends ChannelKey<C>> = Omit<Context, "params"> & {
  readonly params: ParamsOf<C, K>;
};

/** Whether somebody may do something on a channel. Only `true` allows. */
export type AuthorizeFunction<C extends Contract, K extends ChannelKey<C>> = (
  context: Typed<AuthorizeContext, C, K>,
) => boolean | Promise<boolean>;

/**
 * Sees an event a client publishes, after its schema and before the log. Returns the event to store, or nothing to store
 * it as it is; `refuse(…)` refuses it. What it returns is not checked again.
 */
export type EventHook<C extends Contract, K extends ChannelKey<C>, E extends EventName<C, K>> = (
  event: EventOutput<C, K, E>,
  context: Typed<HookContext, C, K>,
) => EventOutput<C, K, E> | void | Promise<EventOutput<C, K, E> | void>;

/**
 * Whom a session counts as: `session` is each for itself, `user` all sessions of a user together, and a function names what
 * sessions have in common, a device for one. 1 to 255 bytes.
 */
export type MemberByFunction<C extends Contract, K extends ChannelKey<C>> =
  "session" | "user" | ((context: Typed<ActorContext, C, K>) => string);

/** Loads the state a subscription begins with: the state, or `stateAt(position, state)`. */
export type SnapshotFunction<C extends Contract, K extends ChannelKey<C>> = (
  context: Typed<SnapshotContext, C, K>,
) => unknown | PositionedState<unknown>;

/** As `SnapshotFunction`, for one user: nobody else is sent what it returns. */
export type UserSnapshotFunction<C extends Contract, K extends ChannelKey<C>> = (
  context: Typed<SnapshotContext & ActorContext, C, K>,
) => unknown | PositionedState<unknown>;

/**
 * Answers a call. `refuse(…)` and `forbid(…)` say no; whatever else it throws is logged and answered `failed`.
 *
 * Where the output is a stream it is an async generator, or gives anything that can be iterated: the next value is asked for
 * when the client has room for it. When nobody wants more, `signal` is aborted and the generator returned: its `finally` runs.
 * Where the input is a stream, the client sends on as it is iterated. Leaving that loop tells the client to stop; a value that
 * breaks its schema, or the end of the call, is thrown in it.
 */
export type CallFunction<C extends Contract, N extends CallName<C>> = (
  input: IsInputStream<C, N> extends true ? AsyncIterable<CallRequest<C, N>> : CallRequest<C, N>,
  context: CallContext,
) => IsStream<C, N> extends true ? Values<CallResult<C, N>> : CallResult<C, N> | Promise<CallResult<C, N>>;

type Iterated<T> = AsyncIterable<T> | Iterable<T>;
type Values<T> = Iterated<T> | Promise<Iterated<T>>;

/** A stored event of a channel, as a union over its events. */
export type EventOf<C extends Contract, K extends ChannelKey<C>> = {
  [E in EventName<C, K>]: StoredEvent<E, EventOutput<C, K, E>>;
}[EventName<C, K>];
