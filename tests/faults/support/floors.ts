// What a run must have met to mean anything. A run that meets no fault proves nothing.

import { engineCase, type EngineName } from "./engines.ts";
import { faultKinds } from "./nemesis.ts";
import type { Counts, RunNotes } from "./notes.ts";

/** Per minute in which there was a server: somewhat below the least that was seen, which was on two cores with sixty programs waiting for them. */
const floorsPerMinute: Counts = {
  publishes: 2_000,
  deliveries: 4_000,
  "requests answered": 200,
  "pages of history": 20,
};
/** In a run of any length, since each has as many faults. */
const floorsPerRun: Counts = { reconnects: 8, resumes: 2 };
/** In a run of any length: some servers' faults find a server in trouble already, and do not happen. */
const faultsLeast = 20;
/** Where handlers take their time and entries are large. */
const heavyFloors: Counts = { "lagging turns": 300, parks: 25, "gap expired": 25 };

/** Everything that has to happen in a run on this engine. */
export const faultKindsOf = (engine: EngineName): readonly string[] => [
  ...faultKinds,
  ...(engineCase(engine).storeFaults ?? []),
];

/** The counts that are below their floor, as text. Every kind of fault must have happened. */
export function belowFloors(
  counts: Counts,
  { engine, isHeavy, servedMs }: Pick<RunNotes, "engine" | "isHeavy" | "servedMs">,
): string[] {
  const perMinute = { ...floorsPerMinute, ...(isHeavy ? heavyFloors : {}) };
  const wanted = [
    ...Object.entries(perMinute).map(([name, floor]) => [name, Math.floor((floor * servedMs) / 60_000)] as const),
    ...Object.entries({ ...floorsPerRun, ...engineCase(engine).floors }),
    ["faults", faultsLeast] as const,
    ...faultKindsOf(engine).map((kind) => [`fault ${kind}`, 1] as const),
  ];
  return wanted.flatMap(([name, least]) => {
    const count = counts[name] ?? 0;
    return count >= least ? [] : [`${name}: ${count}, at least ${least} wanted`];
  });
}
