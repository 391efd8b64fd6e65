// G10 on one node: in the end every watcher sees exactly the live members, and nobody flaps because of a short absence.

import type { Evidence } from "../evidence.ts";
import type { FaultEvent, MemberEvent, PresenceEvent, StateEvent } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";

export function presence(evidence: Evidence): Finding[] {
  return [...wrongViews(evidence), ...flaps(evidence)];
}

function wrongViews({ history, living }: Evidence): Finding[] {
  const members = new Map<string, Map<string, MemberEvent>>();
  for (const event of eventsOf(history, "member")) {
    const ofChannel = members.get(event.ch) ?? new Map<string, MemberEvent>();
    members.set(event.ch, ofChannel);
    ofChannel.set(event.proc, event);
  }
  const last = new Map<string, PresenceEvent>();
  for (const event of eventsOf(history, "presence")) last.set(`${event.proc} ${event.ch}`, event);
  const findings: Finding[] = [];
  for (const seen of last.values()) {
    if (!living.has(seen.proc)) continue;
    const ofChannel = [...(members.get(seen.ch)?.values() ?? [])];
    const live = ofChannel
      .filter(({ proc, is }) => is === "in" && living.has(proc))
      .map(({ proc }) => proc)
      .sort();
    const view = [...seen.view].sort();
    if (view.join() === live.join()) continue;
    const message = `${seen.proc} on ${seen.ch} sees [${view.join(", ")}]; the members are [${live.join(", ")}]`;
    findings.push({ message, events: [...ofChannel.slice(-3), seen] });
  }
  return findings;
}

/** Members that vanished from a view although they had neither left nor been away longer than the grace. */
function flaps({ history, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const views = new Map<string, PresenceEvent>();
  const membership = new Map<string, MemberEvent>();
  const awaySince = new Map<string, number>();
  let disturbed: FaultEvent | undefined;
  const longAway = new Map<string, number>();
  for (const event of history) {
    if (event.f === "fault" && facts.presenceFaults.includes(event.kind)) disturbed = event;
    else if (event.f === "member") membership.set(`${event.proc} ${event.ch}`, event);
    else if (event.f === "state") noteState(event, awaySince, longAway, facts.presenceGraceMs);
    else if (event.f === "proc" && event.is !== "started") awaySince.set(event.proc, -Infinity);
    else if (event.f === "presence") {
      const key = `${event.proc} ${event.ch}`;
      const before = views.get(key);
      views.set(key, event);
      if (before === undefined || (disturbed && event.ts - disturbed.ts < facts.presenceSettleMs)) continue;
      for (const member of before.view) {
        if (event.view.includes(member) || membership.get(`${member} ${event.ch}`)?.is !== "in") continue;
        const away = event.ts - (awaySince.get(member) ?? event.ts);
        const wasLongAway = event.ts - (longAway.get(member) ?? -Infinity) < facts.presenceSettleMs;
        if (away >= facts.presenceGraceMs - 1_000 || wasLongAway) continue;
        const message = `${event.proc} on ${event.ch}: ${member} vanished while it was connected or within its grace`;
        findings.push({ message, events: [before, event] });
      }
    }
  }
  return findings;
}

function noteState(
  event: StateEvent,
  awaySince: Map<string, number>,
  longAway: Map<string, number>,
  graceMs: number,
): void {
  if (event.state !== "online") {
    if (!awaySince.has(event.proc)) awaySince.set(event.proc, event.ts);
    return;
  }
  const since = awaySince.get(event.proc);
  if (since !== undefined && event.ts - since >= graceMs - 1_000) longAway.set(event.proc, event.ts);
  awaySince.delete(event.proc);
}
