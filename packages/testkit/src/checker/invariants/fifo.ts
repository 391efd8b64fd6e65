// G5: publishes of one producer on one channel stand in the log in the order they were asked for.

import type { Evidence } from "../evidence.ts";
import type { PubEvent } from "../history.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function fifo({ truth, publishes }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const asked = new Map<string, { pub: PubEvent; index: number }>();
  publishes.forEach(({ pub }, index) => {
    if (pub.isOrdered) asked.set(pub.hash, { pub, index });
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
