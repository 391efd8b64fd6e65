// How long the named sets take: one round is one history.

import type { RunOptions } from "./run.ts";

export interface RunSet extends Pick<RunOptions, "workMs" | "longestStopMs"> {
  /** For each engine. */
  readonly rounds: number;
}

export const sets: Readonly<Record<string, RunSet>> = {
  smoke: { rounds: 1, workMs: 22_000, longestStopMs: 5_000 },
  full: { rounds: 5, workMs: 150_000, longestStopMs: 60_000 },
};
