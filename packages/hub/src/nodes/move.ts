// That a client came from another node.

import type { NodeId } from "../ports/index.ts";

/** Where a session's client was connected before, while it matters. */
export interface Move {
  readonly from: NodeId;
  /** Nothing asked there before is remembered after this. Monotonic time, ms. */
  readonly untilMs: number;
}
