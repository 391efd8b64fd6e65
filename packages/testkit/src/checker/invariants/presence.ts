// G10: every watcher, on whichever node, comes to see exactly the live members, in time; and nobody vanishes because of a
// short absence, another node, or an outage of what the nodes talk over.

import type { Evidence } from "../evidence.ts";
import type { FaultEvent, MemberEvent, PresenceEvent, StateEvent } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";

export function presence(evidence: Evidence): Finding[] {
  return [...wrongViews(evidence), ...lateViews(evidence), ...slowViews(evidence), ...flaps(evidence)];
}

/** Views of the living as they were at `ms`. */
function viewsAt({ history, living }: Evidence, ms: number): readonly PresenceEvent[] {
  const last = new Map<string, PresenceEvent>();
  for (const event of eventsOf(history, "presence")) {
    if (event.ts > ms) break;
    if (living.has(event.proc)) last.set(`${event.proc} ${event.ch}`, event);
  }
  return [...last.values()];
}

function wrongViews(evidence: Evidence): Finding[] {
  const { history, living } = evidence;
  const members = latestWords(evidence);
  const findings: Finding[] = [];
  for (const seen of viewsAt(evidence, history.at(-1)?.ts ?? 0)) {
    const ofChannel = [...(members.get(seen.ch)?.values() ?? [])];
    const live = liveMembers(ofChannel, living);
    const view = [...seen.view].sort();
    if (view.join() === live.join()) continue;
    const message = `${seen.proc} on ${seen.ch} sees [${view.join(", ")}]; the members are [${live.join(", ")}]`;
    findings.push({ message, events: [...ofChannel.slice(-3), seen] });
  }
  return findings;
}

/** Views that were still wrong when they had to be right. */
function lateViews(evidence: Evidence): Finding[] {
  const { history, living, facts } = evidence;
  const healed = history.find(({ f }) => f === "healed");
  const lastWordMs = eventsOf(history, "member").at(-1)?.ts ?? 0;
  if (healed === undefined || lastWordMs > healed.ts) return [];
  const members = latestWords(evidence);
  const findings: Finding[] = [];
  for (const seen of viewsAt(evidence, healed.ts + facts.presenceConvergeMs)) {
    const live = liveMembers([...(members.get(seen.ch)?.values() ?? [])], living);
    const view = [...seen.view].sort();
    if (view.join() === live.join()) continue;
    const message = `${seen.proc} on ${seen.ch} saw [${view.join(", ")}] ${facts.presenceConvergeMs} ms after all faults; the members are [${live.join(", ")}]`;
    findings.push({ message, events: [healed, seen] });
  }
  return findings;
}

/**
 * Where nothing fails, words that were late. Those that another word followed are not judged, nor is what the gone said
 * last or do not see any more.
 */
function slowViews(evidence: Evidence): Finding[] {
  const { history, facts } = evidence;
  if (history.some(({ f }) => f === "fault")) return [];
  const words = eventsOf(history, "member");
  const views = eventsOf(history, "presence");
  const endMs = history.at(-1)?.ts ?? 0;
  const goneMs = new Map(
    eventsOf(history, "proc").flatMap(({ proc, is, ts }) => (is === "started" ? [] : [[proc, ts] as const])),
  );
  const findings: Finding[] = [];
  for (const word of words) {
    const dueMs = word.ts + facts.presenceLagMs;
    const isFollowed = words.some(
      ({ proc, ch, ts }) => proc === word.proc && ch === word.ch && ts > word.ts && ts <= dueMs,
    );
    const isThere = (proc: string): boolean => (goneMs.get(proc) ?? Infinity) > dueMs;
    if (isFollowed || dueMs > endMs || !isThere(word.proc)) continue;
    const last = new Map<string, PresenceEvent>();
    for (const view of views) if (view.ch === word.ch && view.ts <= dueMs) last.set(view.proc, view);
    for (const seen of last.values()) {
      if (!isThere(seen.proc) || seen.view.includes(word.proc) === (word.is === "in")) continue;
      const message = `${seen.proc} on ${word.ch} does not see after ${facts.presenceLagMs} ms that ${word.proc} is ${word.is}`;
      findings.push({ message, events: [word, seen] });
    }
  }
  return findings;
}

function latestWords({ history }: Evidence): ReadonlyMap<string, ReadonlyMap<string, MemberEvent>> {
  const members = new Map<string, Map<string, MemberEvent>>();
  for (const event of eventsOf(history, "member")) {
    const ofChannel = members.get(event.ch) ?? new Map<string, MemberEvent>();
    members.set(event.ch, ofChannel);
    ofChannel.set(event.proc, event);
  }
  return members;
}

const liveMembers = (words: readonly MemberEvent[], living: ReadonlySet<string>): readonly string[] =>
  words
    .filter(({ proc, is }) => is === "in" && living.has(proc))
    .map(({ proc }) => proc)
    .sort();

/** Members that vanished from a view although they had neither left nor been away longer than the grace. */
function flaps({ history, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const views = new Map<string, PresenceEvent>();
  const words = new Words(facts);
  const troubles = new Troubles(facts);
  for (const event of history) {
    if (event.f === "fault") troubles.happened(event);
    else if (event.f === "member") words.said(event);
    else if (event.f === "state") {
      words.moved(event);
      troubles.moved(event);
    } else if (event.f === "proc") {
      if (event.is === "started") troubles.started(event.proc);
      else words.gone(event.proc);
    } else if (event.f === "presence") {
      const key = `${event.proc} ${event.ch}`;
      const before = views.get(key);
      views.set(key, event);
      for (const member of before?.view ?? []) {
        if (event.view.includes(member) || words.mayVanish(member, event) || troubles.explain(member, event)) continue;
        const message = `${event.proc} on ${event.ch}: ${member} vanished while it was connected or within its grace`;
        findings.push({ message, events: before === undefined ? [event] : [before, event] });
      }
    }
  }
  return findings;
}

/** What a process is called over all its lives: faults name clients so. */
const clientOf = (proc: string): string => proc.split(".")[0] ?? "";

/** Faults, by whose views they disturb. */
class Troubles {
  readonly #facts: Evidence["facts"];
  readonly #clients = new Set<string>();
  /** By client; under "" what disturbs all. */
  readonly #latestMs = new Map<string, number>();
  readonly #onlineMs = new Map<string, number>();
  #staleMs = -Infinity;

  constructor(facts: Evidence["facts"]) {
    this.#facts = facts;
  }

  started(proc: string): void {
    this.#clients.add(clientOf(proc));
  }

  happened({ kind, target, ts }: FaultEvent): void {
    if (this.#facts.staleFaults.includes(kind)) this.#staleMs = ts;
    if (!this.#facts.presenceFaults.includes(kind)) return;
    this.#latestMs.set(this.#clients.has(target) ? target : "", ts);
  }

  moved({ proc, state, ts }: StateEvent): void {
    if (state === "online") this.#onlineMs.set(proc, ts);
  }

  /** Whether a view that loses `member` was disturbed: the watcher, the member, or everybody was. */
  explain(member: string, { proc, ts }: PresenceEvent): boolean {
    const { presenceSettleMs } = this.#facts;
    const isDisturbed = ["", clientOf(proc), clientOf(member)].some(
      (name) => ts - (this.#latestMs.get(name) ?? -Infinity) < presenceSettleMs,
    );
    // Whoever came to a node that knows only what it knew before sees what that node saw then.
    const cameMs = this.#onlineMs.get(proc) ?? -Infinity;
    return isDisturbed || (cameMs > this.#staleMs && ts - this.#staleMs < presenceSettleMs);
  }
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
