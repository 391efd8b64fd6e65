// Everything an invariant may look at, computed once per check.

import type { Facts } from "./facts.ts";
import type { History } from "./history.ts";
import { livingProcs, publishesOf, streamsOf, type Publish, type Stream } from "./streams.ts";
import { Truth } from "./truth.ts";
import type { Finding } from "./violation.ts";

export interface Evidence {
  readonly history: History;
  readonly facts: Facts;
  readonly truth: Truth;
  readonly streams: readonly Stream[];
  readonly publishes: readonly Publish[];
  /** Instances that were running at the end. */
  readonly living: ReadonlySet<string>;
  /** Whether entries that were seen may be gone: the engine allows it, and a fault happened that takes them. */
  readonly mayHaveLost: boolean;
  /** Whether a fault happened that may end a log. */
  readonly mayHaveEnded: boolean;
  /** Whether two branches of a log were served at once for a while. */
  readonly wasSplit: boolean;
}

/** One of the checker's rules. Pure. */
export type Invariant = (evidence: Evidence) => Finding[];

/** @throws when the history itself is malformed: an answer before its question */
export function evidenceOf(history: History, facts: Facts): Evidence {
  expectAsked(history);
  return {
    history,
    facts,
    truth: new Truth(history, facts),
    streams: streamsOf(history),
    publishes: publishesOf(history),
    living: livingProcs(history),
    mayHaveLost: facts.hasPhantoms && hasFault(history, facts.losingFaults),
    mayHaveEnded: hasFault(history, facts.renewingFaults),
    wasSplit: hasFault(history, facts.splittingFaults),
  };
}

const hasFault = (history: History, kinds: readonly string[]): boolean =>
  history.some((event) => event.f === "fault" && kinds.includes(event.kind));

function expectAsked(history: History): void {
  const asked = new Set<string>();
  for (const event of history) {
    if (event.f === "history" || event.f === "request") asked.add(event.op);
    else if (
      (event.f === "history-ok" || event.f === "request-ok" || event.f === "request-fail") &&
      !asked.has(event.op)
    )
      throw new Error(`history: ${event.f} of ${event.op} before it was asked`);
  }
}
