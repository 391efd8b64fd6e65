// What a run must have met to mean anything, per minute of work. A run that meets no fault proves nothing.

import { faultKinds } from "./nemesis.ts";
import type { EngineName } from "./programs.ts";
import type { Counts } from "./judge.ts";

/** Per minute. Well below what is usual. */
const floorsPerMinute: Counts = {
  publishes: 1_000,
  deliveries: 2_000,
  "requests answered": 80,
  "pages of history": 50,
  reconnects: 15,
  resumes: 30,
};
const memoryFloors: Counts = { "gap epoch": 4 };

/** The counts that are below their floor, as text. Every kind of fault must have happened. */
export function belowFloors(counts: Counts, engine: EngineName, workMs: number): string[] {
  const floors = { ...floorsPerMinute, ...(engine === "memory" ? memoryFloors : {}) };
  const wanted = [
    ...Object.entries(floors).map(([name, floor]) => [name, Math.floor((floor * workMs) / 60_000)] as const),
    ...faultKinds.map((kind) => [`fault ${kind}`, 1] as const),
  ];
  return wanted.flatMap(([name, least]) => {
    const count = counts[name] ?? 0;
    return count >= least ? [] : [`${name}: ${count}, at least ${least} wanted`];
  });
}
