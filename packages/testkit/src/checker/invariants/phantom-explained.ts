// G2, second half: an entry somebody was given and that is not in the log is followed by a gap that covers it.

import type { Evidence } from "../evidence.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function phantomExplained({ truth, streams, facts, living }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { sub, events, end } of streams) {
    for (const [index, event] of events.entries()) {
      if (event.f !== "deliver") continue;
      const log = truth.log(sub.ch, event.pos.epoch);
      if (log === undefined || event.pos.offset <= log.knownFrom) continue; // nobody knows what stood there
      if (truth.entryAt(sub.ch, event.pos) !== undefined) continue;
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
