// A history that breaks one invariant, beside the nearest one that keeps them all.

import type { InvariantName } from "../checker/index.ts";
import type { HistoryBuilder } from "./history-builder.ts";

export interface HistoryCase {
  readonly invariant: InvariantName;
  /** Completes "it refuses …". */
  readonly title: string;
  /** Writes the bad history or the good one; they differ in one event or field. */
  write(h: HistoryBuilder, isBad: boolean): void;
}
