// G7: in the end everybody is online, every question is answered, every subscription stands at its log's head; and
// where nothing ever misbehaved, nobody was told of a gap.

import { samePos, type Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { StateEvent } from "../history.ts";
import { eventsOf, type Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function liveness(evidence: Evidence): Finding[] {
  return [
    ...unanswered(evidence),
    ...notOnline(evidence),
    ...behind(evidence),
    ...late(evidence),
    ...needlessGaps(evidence),
  ];
}

function unanswered({ history, publishes, living }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { pub, outcome } of publishes) {
    if (outcome !== undefined || !living.has(pub.proc)) continue;
    findings.push({ message: `${pub.proc}: publish ${pub.op} on ${pub.ch} was never answered`, events: [pub] });
  }
  const answered = new Set<string>();
  for (const event of history) {
    if (event.f === "history-ok" || event.f === "request-ok" || event.f === "request-fail") answered.add(event.op);
  }
  for (const event of [...eventsOf(history, "history"), ...eventsOf(history, "request")]) {
    if (answered.has(event.op) || !living.has(event.proc)) continue;
    const what = event.f === "history" ? `history of ${event.ch}` : event.what;
    findings.push({ message: `${event.proc}: ${what} (${event.op}) was never answered`, events: [event] });
  }
  return findings;
}

function notOnline({ history, living }: Evidence): Finding[] {
  const states = new Map<string, StateEvent>();
  for (const event of eventsOf(history, "state")) states.set(event.proc, event);
  return [...states.values()]
    .filter(({ proc, state }) => living.has(proc) && state !== "online")
    .map((event) => ({ message: `${event.proc} ended ${event.state}`, events: [event] }));
}

function behind({ streams, facts, living }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const stream of streams) {
    const { sub, end } = stream;
    const head = facts.final.get(sub.ch)?.head;
    if (end !== undefined || !living.has(sub.proc) || head === undefined || sub.mode === "volatile") continue;
    const stands = positionOf(stream);
    if (stands !== undefined && samePos(stands, head)) continue;
    const where = stands === undefined ? "was never subscribed" : `ended at ${posText(stands)}`;
    const message = `${sub.sub} on ${sub.ch} ${where}; the log's head is ${posText(head)}`;
    findings.push({ message, events: [sub, ...stream.events.slice(-2)] });
  }
  return findings;
}

/** The last entry of a log that reached a subscription in the end, and too late. */
function late({ history, streams, facts, living }: Evidence): Finding[] {
  const healedMs = history.find((event) => event.f === "healed")?.ts;
  if (healedMs === undefined) return [];
  const lastStored = new Map(eventsOf(history, "stored").map((event) => [event.ch, event]));
  const findings: Finding[] = [];
  for (const { sub, events, end } of streams) {
    const last = lastStored.get(sub.ch);
    const head = facts.final.get(sub.ch)?.head;
    if (last === undefined || head === undefined || !samePos(last.pos, head)) continue;
    if (end !== undefined || !living.has(sub.proc)) continue;
    const reached = events.find((event) => {
      const pos = reachedBy(event);
      return pos !== undefined && samePos(pos, head);
    });
    const owedMs = Math.max(last.ts, healedMs, sub.ts) + facts.recoveryMs;
    if (reached === undefined || reached.ts <= owedMs) continue;
    const message = `${sub.sub} on ${sub.ch} got to ${posText(head)} ${(reached.ts - owedMs).toFixed(0)} ms later than it had to`;
    findings.push({ message, events: [last, reached] });
  }
  return findings;
}

/** Where a subscription stands behind this event. */
function reachedBy(event: Stream["events"][number]): Pos | undefined {
  if (event.f === "gap") return event.to;
  return event.f === "subscribed" || event.f === "deliver" || event.f === "skip" ? event.pos : undefined;
}

/** Where a subscription stands after everything it was told. */
function positionOf({ sub, events }: Stream): Pos | undefined {
  let pos = sub.at;
  for (const event of events) pos = reachedBy(event) ?? pos;
  return pos;
}

function needlessGaps({ history, streams }: Evidence): Finding[] {
  if (history.some((event) => event.f === "fault")) return [];
  const findings: Finding[] = [];
  for (const { sub, events } of streams) {
    for (const event of events) {
      if (event.f !== "gap" || (sub.at !== undefined && samePos(event.from, sub.at))) continue;
      findings.push({
        message: `${sub.sub} on ${sub.ch}: a gap (${event.why}) although nothing failed`,
        events: [event],
      });
    }
  }
  return findings;
}
