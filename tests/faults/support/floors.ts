// What a run must have met to mean anything, per minute of work. A run that meets no fault proves nothing.

import { engineCase } from "./engines.ts";
import { faultKinds } from "./nemesis.ts";
import type { Counts, RunNotes } from "./notes.ts";

/** Per minute: somewhat below the least that was seen, which was on two cores with sixty programs waiting for them. */
const floorsPerMinute: Counts = {
  publishes: 2_000,
  deliveries: 4_000,
  "requests answered": 200,
  "pages of history": 20,
  reconnects: 15,
  resumes: 4,
};
/** In a run of any length: some servers' faults find a server in trouble already, and do not happen. */
const faultsLeast = 20;
/** Where handlers take their time and entries are large. */
const heavyFloors: Counts = { "lagging turns": 300, parks: 25, "gap expired": 25 };

/** The counts that are below their floor, as text. Every kind of fault must have happened. */
export function belowFloors(
  counts: Counts,
  { engine, isHeavy, workMs }: Pick<RunNotes, "engine" | "isHeavy" | "workMs">,
): string[] {
  const floors = { ...floorsPerMinute, ...(isHeavy ? heavyFloors : {}), ...engineCase(engine).floors };
  const wanted = [
    ...Object.entries(floors).map(([name, floor]) => [name, Math.floor((floor * workMs) / 60_000)] as const),
    ["faults", faultsLeast] as const,
    ...faultKinds.map((kind) => [`fault ${kind}`, 1] as const),
  ];
  return wanted.flatMap(([name, least]) => {
    const count = counts[name] ?? 0;
    return count >= least ? [] : [`${name}: ${count}, at least ${least} wanted`];
  });
}
