// G11: nothing reaches anybody without permission, behind an expired or revoked token, or made for somebody else.

import type { Evidence } from "../evidence.ts";
import type { HistoryAskEvent, HistoryEvent, RevokedEvent, SubEvent } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posKey, posText } from "./text.ts";

export function auth(evidence: Evidence): Finding[] {
  return [
    ...forbiddenStreams(evidence),
    ...forbiddenPasts(evidence),
    ...forbiddenRequests(evidence),
    ...expiredSessions(evidence),
    ...revokedSessions(evidence),
    ...outdatedRights(evidence),
  ];
}

/** In the end nobody is served under a token that names another, nor follows what its latest token does not allow. */
function outdatedRights({ history, streams, living }: Evidence): Finding[] {
  const users = new Map(eventsOf(history, "proc").map(({ proc, user }) => [proc, user]));
  const latest = new Map(eventsOf(history, "auth").map((event) => [event.proc, event]));
  const findings: Finding[] = [];
  for (const event of latest.values()) {
    const { proc, user, forbids = [] } = event;
    if (!living.has(proc)) continue;
    const own = users.get(proc);
    if (own !== user)
      findings.push({ message: `${proc} of ${own} was served on under a token of ${user}`, events: [event] });
    for (const { sub, end } of streams) {
      if (sub.proc !== proc || end !== undefined || !forbids.includes(sub.ch)) continue;
      findings.push({ message: `${proc} follows ${sub.ch}, which its latest token forbids`, events: [event, sub] });
    }
  }
  return findings;
}

function forbiddenStreams({ streams, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { sub, events } of streams) {
    const isForbidden = facts.isForbidden(sub.user, sub.ch, "subscribe");
    for (const event of events) {
      if (event.f === "snapshot" && event.user !== "" && event.user !== sub.user) {
        findings.push({ message: `${sub.user} was given the snapshot of ${event.user} on ${sub.ch}`, events: [event] });
      }
      if (isForbidden && event.f !== "sub-end") {
        findings.push({ message: `${sub.user} may not subscribe to ${sub.ch} and got ${event.f}`, events: [event] });
      }
    }
  }
  return findings;
}

/**
 * Who may not read history gets nothing that was old when it subscribed. "Old" is what some subscriber already had: a
 * node whose link to the store lags stands behind the store, and begins a subscription where it stands itself.
 */
function forbiddenPasts({ history, streams, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const subs = new Map(streams.map(({ sub }) => [sub.sub, sub]));
  const firstSeenMs = new Map<string, number>();
  for (const event of eventsOf(history, "deliver")) {
    const sub = subs.get(event.sub) as SubEvent;
    const place = posKey(sub.ch, event.pos);
    const seenMs = firstSeenMs.get(place);
    if (seenMs === undefined) firstSeenMs.set(place, event.ts);
    else if (
      seenMs + facts.nodeLagMs < sub.ts &&
      sub.at === undefined &&
      sub.goesOn !== true &&
      facts.isForbidden(sub.user, sub.ch, "history")
    ) {
      const message = `${sub.user} may not read the history of ${sub.ch} and got ${posText(event.pos)} from before`;
      findings.push({ message, events: [sub, event] });
    }
  }
  return findings;
}

function forbiddenRequests({ history, publishes, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const users = new Map(eventsOf(history, "proc").map(({ proc, user }) => [proc, user]));
  for (const { pub, outcome } of publishes) {
    if (outcome?.f !== "pub-ok" || !facts.isForbidden(users.get(pub.proc) ?? "", pub.ch, "publish")) continue;
    findings.push({ message: `${pub.proc} may not publish to ${pub.ch} and did`, events: [pub, outcome] });
  }
  const asks = new Map(eventsOf(history, "history").map((ask) => [ask.op, ask]));
  for (const page of eventsOf(history, "history-ok")) {
    const ask = asks.get(page.op) as HistoryAskEvent;
    if (!facts.isForbidden(ask.user, ask.ch, "history")) continue;
    findings.push({ message: `${ask.user} may not read the history of ${ask.ch} and did`, events: [ask, page] });
  }
  return findings;
}

function expiredSessions({ history, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const until = new Map<string, number>();
  const procOf = new Map<string, string>();
  const asker = new Map<string, string>();
  const firstLate = new Set<string>();
  for (const event of history) {
    if (event.f === "auth") until.set(event.proc, Math.max(event.untilMs, until.get(event.proc) ?? 0));
    else if (event.f === "sub") procOf.set(event.sub, event.proc);
    else if (event.f === "history") asker.set(event.op, event.proc);
    else if (isReceipt(event)) {
      const proc = (event.f === "history-ok" ? asker.get(event.op) : procOf.get(event.sub)) as string;
      const lastMs = (until.get(proc) ?? Infinity) + facts.tokenGraceMs;
      if (event.ts <= lastMs || firstLate.has(proc)) continue;
      firstLate.add(proc);
      findings.push({
        message: `${proc} got ${event.f} ${event.ts - lastMs} ms after its session had to end`,
        events: [event],
      });
    }
  }
  return findings;
}

/** What was stored well behind a revocation is given to nobody whose newest token it covers. */
function revokedSessions({ history, streams, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const subs = new Map(streams.map(({ sub }) => [sub.sub, sub]));
  const revoked = new Map<string, RevokedEvent>();
  const issuedMs = new Map<string, number>();
  const storedMs = new Map<string, number>();
  let disturbedMs = -Infinity;
  for (const event of history) {
    if (event.f === "revoked") revoked.set(event.user, event);
    else if (event.f === "auth") issuedMs.set(event.proc, event.ts);
    else if (event.f === "stored") storedMs.set(posKey(event.ch, event.pos), event.ts);
    else if (event.f === "fault" && facts.linkFaults.includes(event.kind)) disturbedMs = event.ts;
    if (event.f !== "deliver") continue;
    const { user, proc, ch } = subs.get(event.sub) as SubEvent;
    const taken = revoked.get(user);
    if (taken === undefined || (issuedMs.get(proc) ?? Infinity) > taken.untilMs) continue;
    const inForceMs = Math.max(taken.ts + facts.revocationMs, disturbedMs + facts.linkSettleMs);
    const lateMs = (storedMs.get(posKey(ch, event.pos)) ?? 0) - inForceMs;
    if (lateMs <= 0) continue;
    const message = `${proc} got what was stored on ${ch} ${lateMs.toFixed(0)} ms after its revocation was to be in force`;
    findings.push({ message, events: [taken, event] });
  }
  return findings;
}

const receipts = ["deliver", "volatile", "subscribed", "snapshot", "history-ok"] as const;
type Receipt = Extract<HistoryEvent, { f: (typeof receipts)[number] }>;

const isReceipt = (event: HistoryEvent): event is Receipt => receipts.some((f) => f === event.f);
