// What the checker finds: an invariant that does not hold, and the events that show it.

import type { HistoryEvent } from "./history.ts";

export const invariantNames = [
  "order",
  "identity",
  "no-silent-gap",
  "no-dup",
  "ack-truth",
  "phantom-explained",
  "fifo",
  "ryw",
  "liveness",
  "gap-precision",
  "presence",
  "memory",
  "auth",
  "codes",
  "resource",
] as const;

export type InvariantName = (typeof invariantNames)[number];

export interface Violation {
  readonly invariant: InvariantName;
  readonly message: string;
  /** In history order; the last is where it became visible. */
  readonly events: readonly HistoryEvent[];
}

/** What one invariant reports: everything of a violation but its name. */
export type Finding = Omit<Violation, "invariant">;
