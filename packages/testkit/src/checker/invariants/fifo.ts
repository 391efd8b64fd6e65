// G5: publishes of one producer on one channel stand in the log in the order they were asked for.

import type { Evidence } from "../evidence.ts";
import type { PubEvent } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function fifo({ history, truth, publishes, facts }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const asked = new Map<string, { pub: PubEvent; index: number }>();
  // Where no producer is known, what a fault took and its publisher sends again is taken behind what came meanwhile.
  const lost = new Set(eventsOf(history, "lost").map(({ hash }) => hash));
  const placed = new Map<string, string>();
  for (const { hash, pos } of eventsOf(history, "stored")) {
    if ((placed.get(hash) ?? pos.epoch) !== pos.epoch) lost.add(hash); // it went with its whole log
    placed.set(hash, pos.epoch);
  }
  publishes.forEach(({ pub, outcome }, index) => {
    const isCovered = facts.fifo === "strict" || (outcome?.f === "pub-ok" && !lost.has(pub.hash));
    if (pub.isOrdered && isCovered) asked.set(pub.hash, { pub, index });
  });
  for (const [channel, epochs] of truth.channels()) {
    for (const log of epochs.values()) {
      const latest = new Map<string, { pub: PubEvent; index: number }>();
      for (const entry of log.entries) {
        const publish = asked.get(entry.hash);
        if (publish === undefined) continue;
        const before = latest.get(publish.pub.proc);
        if (before !== undefined && before.index > publish.index) {
          const message = `${channel}: ${publish.pub.proc} published ${publish.pub.hash} before ${before.pub.hash}; it stands behind it at ${posText(entry.pos)}`;
          findings.push({ message, events: [publish.pub, before.pub] });
        } else latest.set(publish.pub.proc, publish);
      }
    }
  }
  return findings;
}
