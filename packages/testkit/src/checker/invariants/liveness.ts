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
    ...unreached(evidence),
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

/** A question to all connections of a user ends in time; and where nothing failed, nobody is missing from its answers. */
function unreached({ history }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const hasFailed = history.some((event) => event.f === "fault");
  const onlineMs = new Map<string, number>();
  const users = new Map(eventsOf(history, "proc").map(({ proc, user }) => [proc, user]));
  for (const event of history) {
    if (event.f === "state" && event.state === "online") onlineMs.set(event.proc, event.ts);
    else if (event.f === "state") onlineMs.delete(event.proc);
    if (event.f !== "asked") continue;
    const { node, user, tookMs, mostMs, answers, missing } = event;
    if (tookMs > mostMs) {
      const message = `${node} asked ${user} for ${tookMs.toFixed(0)} ms, ${mostMs} is the most`;
      findings.push({ message, events: [event] });
    }
    if (hasFailed) continue;
    const there = [...onlineMs].filter(([proc, ms]) => users.get(proc) === user && ms < event.ts - tookMs);
    const silent = there.filter(([proc]) => !answers.includes(proc)).map(([proc]) => proc);
    if (silent.length + missing.length === 0) continue;
    const message = `${node} asked ${user}: no answer of ${[...silent, ...missing].join(", ")} although nothing failed`;
    findings.push({ message, events: [event] });
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

/** A subscription with entries owed to it that stood still too long. Catching up takes the time its handlers take. */
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
    let movedMs = Math.max(last.ts, healedMs, sub.ts);
    for (const event of events) {
      const pos = reachedBy(event);
      if (pos === undefined) continue;
      const lateMs = event.ts - movedMs - facts.recoveryMs;
      if (lateMs > 0) {
        const message = `${sub.sub} on ${sub.ch} got to ${posText(pos)} ${lateMs.toFixed(0)} ms later than it had to`;
        findings.push({ message, events: [last, event] });
      }
      if (lateMs > 0 || samePos(pos, head)) break;
      movedMs = Math.max(movedMs, event.ts);
    }
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
