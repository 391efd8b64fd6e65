// G4: an answered publish is in the log exactly once, a refused one is nowhere, and nothing nobody published appears.

import type { Evidence } from "../evidence.ts";
import type { HistoryEvent, SeenEntry } from "../history.ts";
import { eventsOf, type Publish } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function ackTruth(evidence: Evidence): Finding[] {
  const { history, facts, truth, publishes } = evidence;
  const findings: Finding[] = [];
  const places = new Map<string, SeenEntry[]>();
  const kept = new Set<string>();
  for (const [, epochs] of truth.channels()) {
    for (const log of epochs.values()) {
      for (const entry of log.entries) {
        if (log.isFinal) kept.add(entry.hash);
        const known = places.get(entry.hash);
        if (known === undefined) places.set(entry.hash, [entry]);
        else known.push(entry);
      }
    }
  }
  const mayLose = eventsOf(history, "fault").some((fault) => facts.losingFaults.includes(fault.kind));
  // What a fault took may be refused when it comes again: then it is nowhere.
  const isRefused = ({ pub, outcome }: Publish): boolean =>
    outcome?.f === "pub-fail" && (!mayLose || kept.has(pub.hash));
  for (const publish of publishes) findings.push(...problemsOf(publish, isRefused(publish), places, mayLose, evidence));
  return [...findings, ...inventions(evidence, isRefused), ...volatileInventions(evidence)];
}

/** What was seen somewhere although it was refused, or although nobody published it. */
function inventions(
  { history, truth, publishes, streams }: Evidence,
  isRefused: (publish: Publish) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  const refused = new Map(publishes.flatMap((p) => (isRefused(p) ? [[p.pub.hash, p] as const] : [])));
  const published = new Set(publishes.map(({ pub }) => pub.hash));
  const see = (hash: string, how: string, events: readonly HistoryEvent[]): void => {
    const no = refused.get(hash);
    if (no?.outcome !== undefined) {
      findings.push({ message: `${hash} was refused and ${how}`, events: [no.pub, no.outcome, ...events] });
    } else if (!published.has(hash)) findings.push({ message: `${hash} was ${how} and never published`, events });
  };
  for (const stream of streams) {
    for (const event of stream.events) if (event.f === "deliver") see(event.hash, "delivered", [event]);
  }
  for (const page of eventsOf(history, "history-ok")) {
    for (const { hash } of page.entries) see(hash, "read as history", [page]);
  }
  for (const [channel, epochs] of truth.channels()) {
    for (const { entries } of epochs.values()) {
      for (const { hash } of entries) if (!refused.has(hash)) see(hash, `stored on ${channel}`, []);
    }
  }
  return findings;
}

function volatileInventions({ history, streams }: Evidence): Finding[] {
  const said = new Set(eventsOf(history, "pub-volatile").map(({ ch, hash }) => `${ch} ${hash}`));
  return streams.flatMap(({ sub, events }) =>
    events
      .filter((event) => event.f === "volatile" && !said.has(`${sub.ch} ${event.hash}`))
      .map((event) => ({ message: `${sub.sub} on ${sub.ch} got a volatile event nobody published`, events: [event] })),
  );
}

function problemsOf(
  { pub, outcome }: Publish,
  isRefused: boolean,
  places: ReadonlyMap<string, readonly SeenEntry[]>,
  mayLose: boolean,
  { truth }: Evidence,
): Finding[] {
  const events = outcome === undefined ? [pub] : [pub, outcome];
  const stands = places.get(pub.hash) ?? [];
  const epochs = stands.map((entry) => entry.pos.epoch);
  if (new Set(epochs).size < epochs.length) {
    const where = stands.map((entry) => posText(entry.pos)).join(" and ");
    return [{ message: `${pub.hash} on ${pub.ch} was accepted twice: ${where}`, events }];
  }
  if (isRefused && outcome?.f === "pub-fail" && stands[0] !== undefined) {
    const message = `${pub.hash} on ${pub.ch} was refused with ${outcome.code} and stands at ${posText(stands[0].pos)}`;
    return [{ message, events }];
  }
  if (outcome?.f !== "pub-ok") return [];
  if (outcome.pos === undefined || outcome.isDup) {
    // The position is an upper bound or unknown; the content must be there unless a fault may have taken it.
    if (stands.length > 0 || mayLose || !isWhollyKnown(truth, pub.ch)) return [];
    return [{ message: `${pub.hash} on ${pub.ch} was answered as a duplicate and is nowhere`, events }];
  }
  const log = truth.log(pub.ch, outcome.pos.epoch);
  if (log === undefined) {
    return mayLose
      ? []
      : [{ message: `${pub.hash}: answered at ${posText(outcome.pos)}, an epoch nobody saw`, events }];
  }
  if (outcome.pos.offset <= log.knownFrom) return [];
  const entry = truth.entryAt(pub.ch, outcome.pos);
  if (entry?.hash === pub.hash) return [];
  const holds = entry === undefined ? "nothing" : entry.hash;
  if (mayLose) return []; // a failover takes acknowledged entries with it, and gives their places to others
  return [
    { message: `${pub.hash} was answered at ${posText(outcome.pos)} of ${pub.ch}, which holds ${holds}`, events },
  ];
}

function isWhollyKnown(truth: Evidence["truth"], channel: string): boolean {
  for (const [name, epochs] of truth.channels()) {
    if (name === channel) return [...epochs.values()].every((log) => log.knownFrom === 0);
  }
  return true;
}
