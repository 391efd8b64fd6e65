// What the checker must know beside the history: the final logs, what the engine promises, what channels allow.

import type { Pos } from "@heddle/protocol";
import type { SeenEntry } from "./history.ts";

/** A channel at the end, as one fresh reader saw it after everything had settled. */
export interface FinalLog {
  readonly head: Pos;
  /** The position before the oldest entry. */
  readonly floor: Pos;
  readonly entries: readonly SeenEntry[];
}

export interface Facts {
  readonly final: ReadonlyMap<string, FinalLog>;
  /** Entries more than this are an `overflow` gap. */
  recoverMax(channel: string): number;
  /** Whether the application forbids `action` to `user`. */
  isForbidden(user: string, channel: string, action: "subscribe" | "history" | "publish"): boolean;
  /** Whether an entry may be seen that later does not exist. */
  readonly hasPhantoms: boolean;
  /** `settled`: a publish whose outcome stayed unknown may stand anywhere. `strict`: never behind a later one. */
  readonly fifo: "strict" | "settled";
  /** Fault kinds after which an acknowledged entry may be gone. */
  readonly losingFaults: readonly string[];
  /** Fault kinds after which a log may begin anew, under another epoch. */
  readonly renewingFaults: readonly string[];
  /** Fault kinds during which two branches of a log are served at once, so that a fork may be told and taken back. */
  readonly splittingFaults: readonly string[];
  /** How far a node may stand behind what subscribers of other nodes were given. Milliseconds, 0 for a single node. */
  readonly nodeLagMs: number;
  /** Fault kinds after which members may vanish from views for a while: of a client, from its own view and that of it. */
  readonly presenceFaults: readonly string[];
  /** Fault kinds during which a node knows only what it knew before, so that who comes to it may see less. */
  readonly staleFaults: readonly string[];
  /** Time after `presenceFaults` within which views may be incomplete. Milliseconds. */
  readonly presenceSettleMs: number;
  /** How long a member's word may be on its way to the views of others while nothing disturbs it. Milliseconds. */
  readonly presenceLagMs: number;
  /** Within this time from the end of all faults all views are equal to the members there are. Milliseconds. */
  readonly presenceConvergeMs: number;
  /** How long a disconnected member stays. Milliseconds. */
  readonly presenceGraceMs: number;
  /** How long after its token's expiry a session may still be served. Milliseconds. */
  readonly tokenGraceMs: number;
  /** How long after a revocation was stored what is stored may still reach the revoked. Milliseconds. */
  readonly revocationMs: number;
  /** Fault kinds that keep a node from learning of a revocation, and how long after one that may last. Milliseconds. */
  readonly linkFaults: readonly string[];
  readonly linkSettleMs: number;
  /**
   * From the end of all faults and the last append on, a subscription that is behind stands still no longer than this.
   * Milliseconds.
   */
  readonly recoveryMs: number;
  /** After this long a client gives up waiting for an echo. Milliseconds. */
  readonly echoMs: number;
  /** Largest outgoing queue of one connection, one frame beyond the limit included. Bytes. */
  readonly queueBytesMax: number;
  readonly outboxCountMax: number;
}
