// G1: one position never denotes two payloads, and within an epoch one content id never stands at two positions.

import type { Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { HistoryEvent, SeenEntry } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posKey, posText } from "./text.ts";

export function identity({ history, facts, publishes, streams }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const atPosition = new Map<string, { hash: string; by: HistoryEvent | undefined }>();
  const ofId = new Map<string, { pos: Pos; by: HistoryEvent | undefined }>();
  const see = (channel: string, entry: SeenEntry, by: HistoryEvent | undefined, isOnLog = false): void => {
    const place = posKey(channel, entry.pos);
    const there = atPosition.get(place);
    if (there === undefined) atPosition.set(place, { hash: entry.hash, by });
    else if (there.hash !== entry.hash) {
      findings.push(finding(`${place}: holds ${there.hash} and ${entry.hash}`, there.by, by));
    }
    // What a failover took may be accepted again elsewhere: only the log itself must hold it once.
    if (entry.id === "" || (facts.hasPhantoms && !isOnLog)) return;
    const name = `${channel} ${entry.pos.epoch} ${entry.id}`;
    const known = ofId.get(name);
    if (known === undefined) ofId.set(name, { pos: entry.pos, by });
    else if (posText(known.pos) !== posText(entry.pos)) {
      findings.push(finding(`${name}: stands at ${posText(known.pos)} and ${posText(entry.pos)}`, known.by, by));
    }
  };
  for (const event of history) if (event.f === "stored") see(event.ch, event, event, true);
  for (const [channel, log] of facts.final) for (const entry of log.entries) see(channel, entry, undefined, true);
  for (const stream of streams) {
    for (const event of stream.events) if (event.f === "deliver") see(stream.sub.ch, event, event);
  }
  for (const { pub, outcome } of publishes) {
    if (outcome?.f !== "pub-ok" || outcome.pos === undefined || outcome.isDup) continue;
    see(pub.ch, { pos: outcome.pos, hash: pub.hash, id: outcome.id }, outcome);
  }
  const asks = new Map(eventsOf(history, "history").map((ask) => [ask.op, ask]));
  for (const page of eventsOf(history, "history-ok")) {
    for (const entry of page.entries) see(asks.get(page.op)?.ch ?? "", entry, page);
  }
  return findings;
}

const finding = (message: string, first: HistoryEvent | undefined, second: HistoryEvent | undefined): Finding => ({
  message,
  events: [first, second].filter((event) => event !== undefined),
});
