// The chain rule: what may stand behind a position, and what a position that does not fit says about what was missed.

import { gapCauses, toWirePos, type Gap, type GapCause, type Mode, type Pos } from "@heddle/protocol";
import type { Entry, ReadResult, Traits } from "../ports/index.ts";

/** Whether `entry` directly follows `pos`. An engine without `prevTag` leaves the tag open. */
export function follows(pos: Pos, entry: Entry, traits: Traits): boolean {
  return (
    entry.pos.epoch === pos.epoch &&
    entry.prevOffset === pos.offset &&
    (entry.prevTag === pos.tag || (entry.prevTag === 0 && !traits.prevTag))
  );
}

/**
 * What a subscriber at `pos` has missed, given the store's answer about exactly that position.
 * Undefined: nothing, it can go on. `to` is the position before the next delivered entry.
 */
export function classify(
  pos: Pos,
  read: Pick<ReadResult, "proof" | "head" | "floor">,
): { why: GapCause; to: Pos } | undefined {
  if (read.proof === "linked") return undefined;
  if (pos.epoch !== read.head.epoch) return { why: "epoch", to: read.head };
  if (read.proof === "trimmed") return { why: "expired", to: read.floor };
  return { why: "fork", to: read.head };
}

/**
 * Whether a subscriber misses nothing by it: who wants the newest entry alone is told by a `skip` how far it was carried.
 * Where entries may vanish, the one it stands on may have: that it has only expired is not known, and so it is told.
 */
export const isCarriedOver = (mode: Mode, why: GapCause, hasPhantoms: boolean): boolean =>
  mode === "latest" && (why === "overflow" || (why === "expired" && !hasPhantoms));

export const gapBetween = (why: GapCause, from: Pos, to: Pos): Gap => ({
  why,
  from: toWirePos(from),
  to: toWirePos(to),
});

/** Two gaps in a row, as one: the worst cause, from where the first began to where the second ended. */
export function mergeGaps(first: Gap | undefined, second: Gap): Gap {
  if (first === undefined) return second;
  const worst = Math.min(gapCauses.indexOf(first.why), gapCauses.indexOf(second.why));
  return { why: gapCauses[worst] as GapCause, from: first.from, to: second.to };
}
