// G6: history asked with a minimum position contains it, and a publish that waited for its echo was received.

import type { Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { HistoryAskEvent, SeenEntry } from "../history.ts";
import { eventsOf, type Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function ryw(evidence: Evidence): Finding[] {
  const { history, publishes, streams } = evidence;
  const findings: Finding[] = [];
  const asks = new Map(eventsOf(history, "history").map((ask) => [ask.op, ask]));
  for (const page of eventsOf(history, "history-ok")) {
    const ask = asks.get(page.op) as HistoryAskEvent;
    if (ask.min === undefined || reaches(page.entries, ask.min)) continue;
    findings.push({
      message: `history of ${ask.ch} with min ${posText(ask.min)} answered without it`,
      events: [ask, page],
    });
  }
  for (const { pub, outcome } of publishes) {
    if (pub.until !== "echo" || outcome?.f !== "pub-ok" || outcome.pos === undefined || outcome.isDup) continue;
    const { pos } = outcome;
    const own = streams.filter(({ sub }) => sub.proc === pub.proc && sub.ch === pub.ch && sub.ts <= outcome.ts);
    if (own.length === 0 || own.some((stream) => covers(stream, pos, evidence))) continue;
    findings.push({
      message: `${pub.proc} on ${pub.ch}: echo of ${posText(pos)} was announced and never came`,
      events: [pub, outcome],
    });
  }
  return findings;
}

/** Whether a page is from a log that has reached `min`, and holds it if its range covers it. */
function reaches(entries: readonly SeenEntry[], min: Pos): boolean {
  const last = entries.at(-1);
  if (last === undefined) return false;
  if (last.pos.epoch !== min.epoch) return true; // that log is gone, and with it the promise
  if (last.pos.offset < min.offset) return false;
  const first = entries[0] as SeenEntry;
  return first.pos.offset > min.offset || entries.some((entry) => posText(entry.pos) === posText(min));
}

function covers({ sub, events, end }: Stream, pos: Pos, { living }: Evidence): boolean {
  // A subscriber that left or died may have received what it never got to handle.
  if (end !== undefined || !living.has(sub.proc)) return true;
  // Whoever has no room is moved on over what came meanwhile, and where events are volatile nobody says so.
  if (sub.mode === "volatile") return true;
  return events.some((event) => {
    if (event.f === "deliver" || event.f === "skip") {
      return (
        event.pos.epoch === pos.epoch &&
        (sub.mode === "resume" ? event.pos.offset === pos.offset : event.pos.offset >= pos.offset)
      );
    }
    if (event.f === "subscribed") return event.pos.epoch === pos.epoch && event.pos.offset >= pos.offset;
    // Behind the end of a fork's gap the log is another branch: what the one before held there never comes.
    return event.f === "gap" && (event.why === "fork" || event.to.epoch !== pos.epoch || event.to.offset >= pos.offset);
  });
}
