// G7: in the end everybody is online, every question is answered, every subscription stands at its log's head; and
// where nothing ever misbehaved, nobody was told of a gap.

import { samePos, type Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { StateEvent, StoredEvent } from "../history.ts";
import { eventsOf, type Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function liveness(evidence: Evidence): Finding[] {
  return [
    ...unanswered(evidence),
    ...unechoed(evidence),
    ...unreached(evidence),
    ...notOnline(evidence),
    ...behind(evidence),
    ...late(evidence),
    ...withheldKeys(evidence),
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

/** Where nothing failed, nobody waits for an echo until it is given up. */
function unechoed({ history, publishes, facts }: Evidence): Finding[] {
  if (history.some((event) => event.f === "fault")) return [];
  const findings: Finding[] = [];
  for (const { pub, outcome } of publishes) {
    if (pub.until !== "echo" || outcome?.f !== "pub-unknown" || outcome.ts - pub.ts < facts.echoMs) continue;
    findings.push({ message: `${pub.proc}: ${pub.op} on ${pub.ch} was stored and its echo never came`, events: [pub] });
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

/** Conflation leaves out what something newer replaces, never the newest of a key. */
function withheldKeys({ history, streams, facts, living }: Evidence): Finding[] {
  const newest = new Map<string, Map<string, StoredEvent>>();
  for (const event of eventsOf(history, "stored")) {
    if (event.key === undefined) continue;
    const ofChannel = newest.get(event.ch) ?? new Map<string, StoredEvent>();
    newest.set(event.ch, ofChannel.set(event.key, event));
  }
  const findings: Finding[] = [];
  for (const stream of streams) {
    const { sub, end, events } = stream;
    const head = facts.final.get(sub.ch)?.head;
    if (sub.mode !== "key" || end !== undefined || !living.has(sub.proc) || head === undefined) continue;
    const from = beginningOf(stream);
    const got = new Set(events.flatMap((event) => (event.f === "deliver" ? [posText(event.pos)] : [])));
    for (const { pos, key } of newest.get(sub.ch)?.values() ?? []) {
      const isOwed = pos.epoch === head.epoch && from?.epoch === pos.epoch && pos.offset > from.offset;
      if (!isOwed || got.has(posText(pos))) continue;
      findings.push({
        message: `${sub.sub} on ${sub.ch}: ${posText(pos)}, the newest of ${key}, never came`,
        events: [sub],
      });
    }
  }
  return findings;
}

/** From where on a subscription is owed what stands in the log: where it began, or its last gap ended. */
function beginningOf({ sub, events }: Stream): Pos | undefined {
  let from = sub.at;
  for (const event of events) {
    if (event.f === "gap") from = event.to;
    else if (event.f === "subscribed") from = event.pos;
  }
  return from;
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

function needlessGaps({ history, streams, truth }: Evidence): Finding[] {
  if (history.some((event) => event.f === "fault")) return [];
  const findings: Finding[] = [];
  for (const { sub, events } of streams) {
    for (const [index, event] of events.entries()) {
      if (event.f !== "gap" || (sub.at !== undefined && samePos(event.from, sub.at))) continue;
      // It was to begin with the oldest entry, and a newer one has taken the place of that since it asked.
      const { epoch, offset } = event.from;
      const floorAt = (ts: number): number => truth.stateAt(sub.ch, epoch, ts)?.floor ?? 0;
      const isBeginning = event.why === "expired" && events[index - 1]?.f === "subscribed";
      if (isBeginning && floorAt(sub.ts) <= offset && floorAt(event.ts) > offset) continue;
      findings.push({
        message: `${sub.sub} on ${sub.ch}: a gap (${event.why}) although nothing failed`,
        events: [event],
      });
    }
  }
  return findings;
}
