// §3.3: a gap's cause is true, it begins where the subscriber stood, it ends where the log can go on, and nobody whose
// position was intact is told of one.

import { rootOf, samePos, type Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { GapEvent } from "../history.ts";
import type { Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function gapPrecision(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const stream of evidence.streams) {
    let stands = stream.sub.at;
    let gapBefore: GapEvent | undefined;
    for (const event of stream.events) {
      if (event.f === "gap") {
        // A gap told while the one before is handled is merged with it, and begins where that one began.
        const isMerged = gapBefore !== undefined && samePos(gapBefore.from, event.from);
        // Away to another branch or epoch and back, on a node that is late, while the first gap was handled.
        const isReturn =
          isMerged &&
          ((evidence.wasSplit && samePos(event.from, event.to)) ||
            (event.why === "epoch" && gapBefore?.to.epoch !== event.to.epoch));
        const why = isReturn ? undefined : problemOf(event, isMerged ? event.from : stands, stream, evidence);
        if (why !== undefined) {
          const text = `${posText(event.from)} → ${posText(event.to)}`;
          findings.push({
            message: `${stream.sub.sub} on ${stream.sub.ch}: gap(${event.why}) ${text}: ${why}`,
            events: [event],
          });
        }
        stands = event.to;
        gapBefore = event;
        continue;
      } else if (event.f === "subscribed" || event.f === "deliver" || event.f === "skip") stands = event.pos;
      if (event.f === "deliver" || event.f === "skip") gapBefore = undefined;
    }
  }
  return findings;
}

function problemOf(gap: GapEvent, stands: Pos | undefined, { sub }: Stream, evidence: Evidence): string | undefined {
  const { truth, facts, mayHaveLost } = evidence;
  // What a `volatile` subscriber had no room for is gone without a word: its stream is ahead of it.
  const wasPassedOver = sub.mode === "volatile" && stands?.epoch === gap.from.epoch && gap.from.offset > stands.offset;
  if (stands !== undefined && !samePos(stands, gap.from) && !wasPassedOver)
    return `the subscriber stood at ${posText(stands)}`;
  if (samePos(gap.from, gap.to)) return "it covers nothing";
  // Where a failover takes entries, the log of that moment is not the one that is known in the end.
  if (mayHaveLost && gap.from.epoch === gap.to.epoch) return undefined;
  const isOn = gap.to.tag === 1 || truth.entryAt(sub.ch, gap.to) !== undefined;
  const to = truth.log(sub.ch, gap.to.epoch);
  const isJudged = !mayHaveLost && (to === undefined || gap.to.offset > to.knownFrom);
  if (!isOn && isJudged) return "its end is not a place in the log";
  const then = truth.stateAt(sub.ch, gap.to.epoch, gap.ts);
  if (!mayHaveLost && then !== undefined && gap.to.offset > then.head) return `the log had only reached ${then.head}`;
  if (gap.why === "epoch") {
    if (gap.from.epoch === gap.to.epoch) return "both ends are in one epoch";
    return evidence.mayHaveEnded ? undefined : "nothing happened that ends a log";
  }
  if (gap.from.epoch !== gap.to.epoch) return "the epoch changed, which is the worse cause";
  switch (gap.why) {
    case "fork":
      if (samePos(gap.from, rootOf(gap.from.epoch))) return "every log has its root";
      return truth.entryAt(sub.ch, gap.from) === undefined ? undefined : "the position is on the log";
    case "unverified":
      return "no ticket was bad and the engine proves positions";
    case "overflow": {
      const missed = (then?.head ?? Infinity) - gap.from.offset;
      const most = facts.recoverMax(sub.ch);
      return missed > most ? undefined : `${missed} entries were missed, ${most} may be recovered`;
    }
    case "expired":
      if (then === undefined) return undefined;
      if (gap.from.offset >= then.floor) return `the position was intact, the floor was ${then.floor}`;
      return gap.to.offset > then.floor ? `retained entries from ${then.floor} on were passed over` : undefined;
  }
}
