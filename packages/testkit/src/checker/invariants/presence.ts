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
  const words = new Words(facts);
  let disturbed: FaultEvent | undefined;
  for (const event of history) {
    if (event.f === "fault" && facts.presenceFaults.includes(event.kind)) disturbed = event;
    else if (event.f === "member") words.said(event);
    else if (event.f === "state") words.moved(event);
    else if (event.f === "proc" && event.is !== "started") words.gone(event.proc);
    else if (event.f === "presence") {
      const key = `${event.proc} ${event.ch}`;
      const before = views.get(key);
      views.set(key, event);
      if (before === undefined || (disturbed && event.ts - disturbed.ts < facts.presenceSettleMs)) continue;
      for (const member of before.view) {
        if (event.view.includes(member) || words.mayVanish(member, event)) continue;
        const message = `${event.proc} on ${event.ch}: ${member} vanished while it was connected or within its grace`;
        findings.push({ message, events: [before, event] });
      }
    }
  }
  return findings;
}

/** What members said of themselves, and when they were away. */
class Words {
  readonly #facts: Evidence["facts"];
  readonly #latest = new Map<string, MemberEvent>();
  /** When a member's leave set out: when it was said, or when the member was online again to tell it. */
  readonly #leftMs = new Map<string, number>();
  readonly #awaySince = new Map<string, number>();
  readonly #longAway = new Map<string, number>();

  constructor(facts: Evidence["facts"]) {
    this.#facts = facts;
  }

  said(event: MemberEvent): void {
    const key = `${event.proc} ${event.ch}`;
    this.#latest.set(key, event);
    if (event.is === "out") this.#leftMs.set(key, this.#awaySince.has(event.proc) ? Infinity : event.ts);
  }

  moved(event: StateEvent): void {
    const { proc, ts } = event;
    const since = this.#awaySince.get(proc);
    if (event.state !== "online") {
      if (since === undefined) this.#awaySince.set(proc, ts);
      return;
    }
    if (since !== undefined && ts - since >= this.#facts.presenceGraceMs - 1_000) this.#longAway.set(proc, ts);
    this.#awaySince.delete(proc);
    for (const [key, leftMs] of this.#leftMs)
      if (leftMs === Infinity && key.startsWith(`${proc} `)) this.#leftMs.set(key, ts);
  }

  gone(proc: string): void {
    this.#awaySince.set(proc, -Infinity);
  }

  /** Whether a view that loses `member` is explained. */
  mayVanish(member: string, { ts, ch }: PresenceEvent): boolean {
    const key = `${member} ${ch}`;
    if (this.#latest.get(key)?.is !== "in") return true;
    // It left and entered again, and the view is still behind its word.
    const leftMs = this.#leftMs.get(key) ?? Infinity;
    if (leftMs <= ts && ts < leftMs + this.#facts.presenceLagMs) return true;
    const away = ts - (this.#awaySince.get(member) ?? ts);
    const wasLongAway = ts - (this.#longAway.get(member) ?? -Infinity) < this.#facts.presenceSettleMs;
    return away >= this.#facts.presenceGraceMs - 1_000 || wasLongAway;
  }
}
