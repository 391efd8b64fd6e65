// G2, second half: an entry somebody was given and that is not in the log is followed by a gap that covers it.

import type { Evidence } from "../evidence.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function phantomExplained(evidence: Evidence): Finding[] {
  return [...phantomDeliveries(evidence), ...phantomPages(evidence)];
}

function phantomDeliveries({ truth, streams, facts, living }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { sub, events, end } of streams) {
    for (const [index, event] of events.entries()) {
      if (event.f !== "deliver") continue;
      if (!truth.isKnown(sub.ch, event.pos) || truth.entryAt(sub.ch, event.pos) !== undefined) continue;
      const next = events.slice(index + 1).find((later) => later.f === "gap");
      const isCovered = next?.f === "gap" && next.from.offset >= event.pos.offset;
      if (facts.hasPhantoms && (isCovered || end !== undefined || !living.has(sub.proc))) continue;
      const why = facts.hasPhantoms ? "no gap tells so" : "this engine promises no phantoms";
      findings.push({
        message: `${sub.sub} on ${sub.ch}: ${posText(event.pos)} (${event.hash}) is not in the log, and ${why}`,
        events: next === undefined ? [event] : [event, next],
      });
    }
  }
  return findings;
}

/** A page is read once, so no gap can explain it later: only an engine with phantoms may show one there. */
function phantomPages({ history, truth, facts }: Evidence): Finding[] {
  if (facts.hasPhantoms) return [];
  const asks = new Map(eventsOf(history, "history").map((ask) => [ask.op, ask]));
  return eventsOf(history, "history-ok").flatMap((page) => {
    const channel = asks.get(page.op)?.ch ?? "";
    return page.entries
      .filter(({ pos }) => truth.isKnown(channel, pos) && truth.entryAt(channel, pos) === undefined)
      .map(({ pos, hash }) => ({
        message: `history of ${channel}: ${posText(pos)} (${hash}) is not in the log`,
        events: [page],
      }));
  });
}
