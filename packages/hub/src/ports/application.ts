// What the hub asks of the application: who somebody is, what a channel allows, how a payload is checked, what a call does.
// The typed facade of the server implements it from a contract; the simulation implements it by hand.

import type { Issue, Mode, Pos } from "@heddle/protocol";
import type { Keep } from "./entry.ts";
import type { Peer } from "./connection.ts";

/** Somebody whose token was accepted. */
export interface Identity {
  /** Undefined for anonymous sessions. */
  readonly userId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Wall clock, ms; undefined: the session does not expire. */
  readonly expiresAtMs: number | undefined;
}

export type Authenticated =
  | { readonly is: "accepted"; readonly identity: Identity }
  /** `required`: no token; `invalid`: not ours or altered; `expired`: was ours. */
  | { readonly is: "refused"; readonly why: "required" | "invalid" | "expired" };

export interface Authenticator {
  authenticate(token: string | undefined, peer: Peer): Promise<Authenticated>;
}

/** Who acts: an identity on a connection. */
export interface Actor extends Identity {
  readonly connectionId: string;
  /** Producer identity and presence session id. */
  readonly x: string;
}

export type Action = "subscribe" | "history" | "publish" | "presence" | "presence.enter";

/** A payload as it is stored: JSON text without raw newlines, the output of one `JSON.stringify`, or bytes. */
export type Content =
  { readonly json: string; readonly bytes?: never } | { readonly bytes: Uint8Array; readonly json?: never };

type Refused = { readonly is: "refused"; readonly why: string; readonly issues?: readonly Issue[] };
/** A checked payload, serialised once, or why it was refused. A `key` replaces the one the publisher gave. */
export type Prepared = ({ readonly is: "ok"; readonly key?: string } & Content) | Refused;
/** A member's data, likewise. */
export type PreparedMember = { readonly is: "ok"; readonly json: string } | Refused;

export interface Snapshot {
  /** JSON text, at most `wireLimits.snapshotBytes`. */
  readonly json: string;
  /** The position the state includes; the asked one when absent. */
  readonly position?: Pos;
}

/** How work of the application learns that nobody waits for it any more. */
export interface Stoppable {
  /** Made when it is read first, which is not free: who cannot stop early does not ask for it. */
  readonly signal: AbortSignal;
  /** The same as `signal.aborted`, without making one. */
  readonly isStopped: boolean;
}

/**
 * What one channel allows. Hooks may throw: the request is answered `failed`, nothing else notices. They are stopped at
 * their deadline and when the connection they run for ends; what they do then is theirs.
 */
export interface ChannelPolicy {
  readonly keep: Keep;
  /** Strongest mode a subscription may have. */
  readonly mode: Mode;
  /** A subscriber in mode `resume` that cannot keep up is closed at once, to come back and read on. Default: it reads on. */
  readonly disconnectsSlow?: boolean;
  /** Least time between deliveries to `latest` and `key` subscriptions, ms; 0: at once. */
  readonly everyMs: number;
  /** Longest time entries and volatile events may wait for others before they are pushed, ms, 0…50. Default 0: none. */
  readonly flushMs?: number;
  /** More missed entries than this are an `overflow` gap. */
  readonly recoverMax: number;
  /** Whether any event is stored. */
  readonly isDurable: boolean;
  /** Whether members can enter. */
  readonly hasPresence: boolean;
  /** Whom a session counts as: sessions with one key are one member. At most `wireLimits.memberKeyBytes`. Default: each is one. */
  memberKey?(who: Actor): string;
  event(name: string): "durable" | "volatile" | undefined;
  authorize(action: Action, who: Actor, stop: Stoppable): boolean | Promise<boolean>;
  /** Validates, then runs the hook. What is returned is what is stored. A `Uint8Array` came as bytes, all else as JSON. */
  prepare(event: string, value: unknown, who: Actor, stop: Stoppable): Prepared | Promise<Prepared>;
  /** Validates a member's data. */
  prepareMember(value: unknown, who: Actor): PreparedMember | Promise<PreparedMember>;
  /**
   * State at a position. Shared snapshots never see a user and are loaded once for simultaneous joiners; a load is stopped
   * at its deadline, and when the last of them is gone.
   */
  readonly snapshot?:
    | { readonly shared: true; load(position: Pos, stop: Stoppable): Promise<Snapshot> }
    | { readonly shared: false; load(position: Pos, who: Actor, stop: Stoppable): Promise<Snapshot> };
}

export type CallOutcome =
  | { readonly is: "ok"; readonly json: string | undefined }
  /** JSON texts, pulled one by one; `return` is called when no more are wanted. Of operations that stream alone. */
  | { readonly is: "stream"; readonly values: AsyncIterable<string> }
  | { readonly is: "refused"; readonly why: string; readonly issues?: readonly Issue[] }
  | { readonly is: "forbidden"; readonly why: string }
  /** The result is larger than is sent. */
  | { readonly is: "tooLarge"; readonly why: string }
  | { readonly is: "failed"; readonly why: string };

/** Stopped by cancel, deadline or disconnect. */
export interface CallContext extends Stoppable {
  readonly who: Actor;
  /** `x:n` of an idempotent call. */
  readonly idempotencyKey: string | undefined;
  /**
   * Values from the client, of operations whose input is a stream. The client sends on as they are taken; who leaves the loop
   * stops it. Iterating throws when the call is stopped. To be iterated once.
   */
  readonly input?: AsyncIterable<unknown> | undefined;
}

export interface Operation {
  readonly isIdempotent: boolean;
  /** Its good outcome is `stream`. */
  readonly isStream?: boolean;
  /** Its input is a stream: `value` is undefined, and `context.input` there. */
  readonly isInputStream?: boolean;
  /** A promise where something is waited for: it costs a deadline, which an outcome at once does not. May throw. */
  run(value: unknown, context: CallContext): CallOutcome | Promise<CallOutcome>;
}

export interface Application {
  /** Undefined: no such channel, or a parameter breaks its schema. Server names never reach it. */
  channel(name: string): ChannelPolicy | undefined;
  operation(name: string): Operation | undefined;
  /** Whether sessions are subscribed to their user's channel and everybody's. */
  readonly hasNotices: boolean;
}
