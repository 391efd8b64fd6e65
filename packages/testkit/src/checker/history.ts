// What a run writes down: one closed union of events on one monotonic clock. Simulations and real deployments write the
// same events, so one checker reads both. Knows no invariant.

import type { GapCause, Mode, Pos } from "@heddle/protocol";

/** Common to all events. `ts` never falls: milliseconds on the run's monotonic clock. */
interface Stamped {
  readonly ts: number;
}

/** An entry as somebody saw it. `hash` names the payload; workloads make it unique per publish. */
export interface SeenEntry {
  readonly pos: Pos;
  readonly hash: string;
  /** Content id: `x:n` or `s:…`; "" when not known. */
  readonly id: string;
}

/** Somebody wants a payload published. Answered by one `pub-ok`, `pub-fail` or `pub-unknown` with the same `op`. */
export interface PubEvent extends Stamped {
  readonly f: "pub";
  /** Names the invocation; unique in the history. */
  readonly op: string;
  /** The client or server instance that acts. */
  readonly proc: string;
  readonly ch: string;
  readonly hash: string;
  /** `ack`: the answer means stored. `echo`: … and received by the own subscription. */
  readonly until: "ack" | "echo";
  /** Whether the promise of publisher order covers it. */
  readonly isOrdered: boolean;
  /** Definitive error codes that are a right answer to this publish. */
  readonly mayFailWith: readonly number[];
}
export interface PubOkEvent extends Stamped {
  readonly f: "pub-ok";
  readonly op: string;
  /** Absent when a duplicate's position is no longer known. */
  readonly pos: Pos | undefined;
  readonly isDup: boolean;
  readonly id: string;
}
/** Definitively not accepted. */
export interface PubFailEvent extends Stamped {
  readonly f: "pub-fail";
  readonly op: string;
  readonly code: number;
}
/** May or may not have been accepted. */
export interface PubUnknownEvent extends Stamped {
  readonly f: "pub-unknown";
  readonly op: string;
  readonly why: string;
}
/** A volatile publish: no answer, no promise. */
export interface VolatilePubEvent extends Stamped {
  readonly f: "pub-volatile";
  readonly proc: string;
  readonly ch: string;
  readonly hash: string;
}

/** A subscription's life begins. It keeps its position over reconnects; a new one starts anew. */
export interface SubEvent extends Stamped {
  readonly f: "sub";
  readonly sub: string;
  readonly proc: string;
  readonly user: string;
  readonly ch: string;
  readonly mode: Mode;
  /** A position the subscriber brought along; a gap from there is no surprise. */
  readonly at: Pos | undefined;
  /** The one before it was never let go of: it goes on, with what came in that one's time. */
  readonly goesOn?: boolean;
  /** Codes with which the server may rightly end it. */
  readonly mayEndWith: readonly number[];
}
/** The stream continues from `pos`: everything behind it is owed. */
export interface SubscribedEvent extends Stamped {
  readonly f: "subscribed";
  readonly sub: string;
  readonly pos: Pos;
}
export interface DeliverEvent extends Stamped, SeenEntry {
  readonly f: "deliver";
  readonly sub: string;
}
export interface VolatileEvent extends Stamped {
  readonly f: "volatile";
  readonly sub: string;
  readonly hash: string;
}
export interface SkipEvent extends Stamped {
  readonly f: "skip";
  readonly sub: string;
  readonly pos: Pos;
}
export interface GapEvent extends Stamped {
  readonly f: "gap";
  readonly sub: string;
  readonly why: GapCause;
  readonly from: Pos;
  readonly to: Pos;
}
/** A snapshot arrived, loaded for `user` ("" when shared), stating that it includes `pos`. */
export interface SnapshotEvent extends Stamped {
  readonly f: "snapshot";
  readonly sub: string;
  readonly pos: Pos;
  readonly user: string;
}
export interface SubEndEvent extends Stamped {
  readonly f: "sub-end";
  readonly sub: string;
  /** The server's code; absent when the subscriber left. */
  readonly code: number | undefined;
}

/** The store appended. `floor` is the offset before the oldest entry it retains from now on. */
export interface StoredEvent extends Stamped, SeenEntry {
  readonly f: "stored";
  readonly ch: string;
  readonly prevOffset: number;
  readonly floor: number;
  /** What it is about, where the newest of each is kept; "" for nothing. */
  readonly key?: string;
}

/** The store appended it, and a fault has taken it since, or will: it is no part of the log. */
export interface LostEvent extends Stamped, SeenEntry {
  readonly f: "lost";
  readonly ch: string;
}

export interface HistoryAskEvent extends Stamped {
  readonly f: "history";
  readonly op: string;
  readonly proc: string;
  readonly user: string;
  readonly ch: string;
  /** Read-your-writes: the answer must include this position. */
  readonly min: Pos | undefined;
  readonly mayFailWith: readonly number[];
}
export interface HistoryOkEvent extends Stamped {
  readonly f: "history-ok";
  readonly op: string;
  /** In log order. */
  readonly entries: readonly SeenEntry[];
}

/** A call, an ask, a presence command: anything that owes an answer. */
export interface RequestEvent extends Stamped {
  readonly f: "request";
  readonly op: string;
  readonly proc: string;
  readonly what: string;
  readonly mayFailWith: readonly number[];
}
/** Any request ended well. */
export interface RequestOkEvent extends Stamped {
  readonly f: "request-ok";
  readonly op: string;
}
/** A `history` or `request` ended with the server's code, or 0 for a local reason such as a closed client. */
export interface RequestFailEvent extends Stamped {
  readonly f: "request-fail";
  readonly op: string;
  readonly code: number;
  readonly why: string;
}
/** A handler ran for an idempotency key. */
export interface ExecutedEvent extends Stamped {
  readonly f: "executed";
  readonly node: string;
  readonly key: string;
}

/** A member enters or leaves by its own word. */
export interface MemberEvent extends Stamped {
  readonly f: "member";
  readonly proc: string;
  readonly ch: string;
  readonly is: "in" | "out";
}
/** What a watcher sees: the procs it believes to be members. */
export interface PresenceEvent extends Stamped {
  readonly f: "presence";
  readonly proc: string;
  readonly ch: string;
  readonly view: readonly string[];
}

export interface StateEvent extends Stamped {
  readonly f: "state";
  readonly proc: string;
  readonly state: "idle" | "connecting" | "online" | "waiting" | "closed";
  /** The close or bye code behind `waiting` and `closed`; 0 when there was none. */
  readonly code: number;
}
/** An instance begins or ends: closed by its owner, or crashed. */
export interface ProcEvent extends Stamped {
  readonly f: "proc";
  readonly proc: string;
  readonly user: string;
  readonly is: "started" | "closed" | "crashed";
}
export interface FaultEvent extends Stamped {
  readonly f: "fault";
  readonly kind: string;
  readonly target: string;
}
/** From now on nothing misbehaves. */
export interface HealedEvent extends Stamped {
  readonly f: "healed";
}
/** A new maximum of something bounded. */
export interface MemoryEvent extends Stamped {
  readonly f: "mem";
  readonly target: string;
  readonly what: "queue" | "outbox";
  /** Bytes for queues, items for outboxes. */
  readonly size: number;
}
/** A token that `proc` was given: deliveries must stop soon after it has expired. */
export interface AuthEvent extends Stamped {
  readonly f: "auth";
  readonly proc: string;
  /** Whom it names. */
  readonly user: string;
  readonly untilMs: number;
  /** Channels it gives no right to, though one before it may have. */
  readonly forbids?: readonly string[];
}
/** Tokens of a user were taken back: those issued up to `untilMs`. Nothing stored later than a while after this is theirs. */
export interface RevokedEvent extends Stamped {
  readonly f: "revoked";
  readonly user: string;
  readonly untilMs: number;
}
/** A server asked all connections of a user, and this is what came back. */
export interface AskedEvent extends Stamped {
  readonly f: "asked";
  readonly node: string;
  readonly user: string;
  readonly tookMs: number;
  /** How long it may take at most. */
  readonly mostMs: number;
  /** Instances that answered. */
  readonly answers: readonly string[];
  /** Connections that gave no answer. */
  readonly failureCount: number;
  readonly missing: readonly string[];
}
/** What is left after everybody has gone; every count should be 0. */
export interface ResourceEvent extends Stamped {
  readonly f: "resource";
  readonly target: string;
  readonly left: Readonly<Record<string, number>>;
}

export type HistoryEvent =
  | PubEvent
  | PubOkEvent
  | PubFailEvent
  | PubUnknownEvent
  | VolatilePubEvent
  | SubEvent
  | SubscribedEvent
  | DeliverEvent
  | VolatileEvent
  | SkipEvent
  | GapEvent
  | SnapshotEvent
  | SubEndEvent
  | StoredEvent
  | LostEvent
  | HistoryAskEvent
  | HistoryOkEvent
  | RequestEvent
  | RequestOkEvent
  | RequestFailEvent
  | ExecutedEvent
  | MemberEvent
  | PresenceEvent
  | StateEvent
  | ProcEvent
  | FaultEvent
  | HealedEvent
  | MemoryEvent
  | AuthEvent
  | RevokedEvent
  | AskedEvent
  | ResourceEvent;

export type History = readonly HistoryEvent[];

/** One event, without its time. */
export type Unstamped = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, "ts"> : never) : never;
