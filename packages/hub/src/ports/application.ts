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

/** A checked payload, serialised once, or why it was refused. A `key` replaces the one the publisher gave. */
export type Prepared =
  | { readonly is: "ok"; readonly json: string; readonly key?: string }
  | { readonly is: "refused"; readonly why: string; readonly issues?: readonly Issue[] };

export interface Snapshot {
  /** JSON text, at most `wireLimits.snapshotBytes`. */
  readonly json: string;
  /** The position the state includes; the asked one when absent. */
  readonly position?: Pos;
}

/** What one channel allows. Hooks may throw: the request is answered `failed`, nothing else notices. */
export interface ChannelPolicy {
  readonly keep: Keep;
  /** Strongest mode a subscription may have. */
  readonly mode: Mode;
  /** A subscriber in mode `resume` that cannot keep up is closed at once, to come back and read on. Default: it reads on. */
  readonly disconnectsSlow?: boolean;
  /** Least time between deliveries to `latest` and `key` subscriptions, ms; 0: at once. */
  readonly everyMs: number;
  /** More missed entries than this are an `overflow` gap. */
  readonly recoverMax: number;
  /** Whether any event is stored. */
  readonly isDurable: boolean;
  /** Whether members can enter. */
  readonly hasPresence: boolean;
  event(name: string): "durable" | "volatile" | undefined;
  authorize(action: Action, who: Actor): boolean | Promise<boolean>;
  /** Validates, then runs the hook. What is returned is what is stored. */
  prepare(event: string, value: unknown, who: Actor): Prepared | Promise<Prepared>;
  /** Validates a member's data. */
  prepareMember(value: unknown, who: Actor): Prepared | Promise<Prepared>;
  /** State at a position. Shared snapshots never see a user and are loaded once for simultaneous joiners. */
  readonly snapshot?:
    | { readonly shared: true; load(position: Pos): Promise<Snapshot> }
    | { readonly shared: false; load(position: Pos, who: Actor): Promise<Snapshot> };
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

export interface CallContext {
  readonly who: Actor;
  /** Aborted by cancel, deadline or disconnect. */
  readonly signal: AbortSignal;
  /** `x:n` of an idempotent call. */
  readonly idempotencyKey: string | undefined;
}

export interface Operation {
  readonly isIdempotent: boolean;
  /** Its good outcome is `stream`. */
  readonly isStream?: boolean;
  run(value: unknown, context: CallContext): Promise<CallOutcome>;
}

export interface Application {
  /** Undefined: no such channel, or a parameter breaks its schema. Server names never reach it. */
  channel(name: string): ChannelPolicy | undefined;
  operation(name: string): Operation | undefined;
  /** Whether sessions are subscribed to their user's channel and everybody's. */
  readonly hasNotices: boolean;
}
