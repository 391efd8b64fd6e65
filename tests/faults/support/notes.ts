// What a run leaves beside its histories, and how what happened in it is counted.

import type { FinalLog } from "@heddle/testkit/checker";
import type { EngineName } from "./engines.ts";

export type Counts = Readonly<Record<string, number>>;

/** What a run leaves beside its histories. */
export interface RunNotes {
  readonly seed: number;
  readonly engine: EngineName;
  /** How long clients worked and faults happened, without waiting for programs. Milliseconds. */
  readonly workMs: number;
  /** Of that, about how long no server was frozen or away. Milliseconds. */
  readonly servedMs: number;
  /** Whether handlers were slow and entries large. */
  readonly isHeavy: boolean;
  /** Longest time a program was frozen: what came in before is read only then. Milliseconds. */
  readonly longestStopMs: number;
  readonly final: Readonly<Record<string, FinalLog>>;
}
export const notesFile = "run.json";
