// The smallest world in which a seed still fails: faults and parts of its plan are left out as long as it does.

import type { PlanPart, Strike } from "@heddle/testkit/simulation";
import type { Plant } from "./planted.ts";
import { runSeeds, type Verdict } from "./pool.ts";

export interface Shrunk {
  /** Of the smallest world. */
  readonly verdict: Verdict;
  /** The faults that are needed, of all there were. */
  readonly strikes: readonly Strike[];
  readonly strikeCount: number;
  /** The parts of the plan that are needed. */
  readonly parts: readonly PlanPart[];
  /** Worlds that were run. */
  readonly runCount: number;
}

/** One thing that can be left out. */
type Piece = { readonly strike: number } | { readonly part: PlanPart };

/** @returns undefined when the seed does not fail */
export async function shrink(seed: number, plant: Plant | undefined): Promise<Shrunk | undefined> {
  let runCount = 0;
  const run = async (left: readonly Piece[]): Promise<Verdict> => {
    runCount++;
    const verdicts: Verdict[] = [];
    const strikes = left.flatMap((piece) => ("strike" in piece ? [piece.strike] : []));
    const parts = left.flatMap((piece) => ("part" in piece ? [piece.part] : []));
    const without = { strikes, parts };
    await runSeeds(seed, 1, { workers: 1, plant, without, onVerdict: (verdict) => void verdicts.push(verdict) });
    return verdicts[0] as Verdict;
  };
  let verdict = await run([]);
  const { strikes, parts } = verdict;
  const [first] = verdict.violations;
  if (first === undefined) return undefined;
  const invariant = nameOf(first);
  const fails = async (left: readonly Piece[]): Promise<boolean> => {
    const tried = await run(left);
    if (!tried.violations.some((text) => nameOf(text) === invariant)) return false;
    verdict = tried;
    return true;
  };
  // Later strikes first: what comes before the failure is what it needs, if anything is.
  const pieces: Piece[] = [
    ...strikes.toReversed().map(({ index }) => ({ strike: index })),
    ...parts.map((part) => ({ part })),
  ];
  const left = await leaveOut(pieces, fails);
  const isLeft = (wanted: Piece): boolean => left.some((piece) => JSON.stringify(piece) === JSON.stringify(wanted));
  return {
    verdict,
    strikes: strikes.filter(({ index }) => !isLeft({ strike: index })),
    strikeCount: strikes.length,
    parts: parts.filter((part) => !isLeft({ part })),
    runCount,
  };
}

/** Leaves out as much as it can: halves, then smaller shares, down to single pieces. */
async function leaveOut(
  pieces: readonly Piece[],
  fails: (left: readonly Piece[]) => Promise<boolean>,
): Promise<Piece[]> {
  let left: Piece[] = [];
  for (let size = Math.ceil(pieces.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const kept = pieces.filter((piece) => !left.includes(piece));
    for (let from = 0; from < kept.length; from += size) {
      const tried = [...left, ...kept.slice(from, from + size)];
      if (await fails(tried)) left = tried;
    }
  }
  return left;
}

/** `invariant: message`. */
const nameOf = (violation: string): string => violation.slice(0, violation.indexOf(":"));
