// G1: offsets rise within a segment, and all subscribers of an epoch see contents in one common order.

import type { Evidence } from "../evidence.ts";
import type { DeliverEvent } from "../history.ts";
import { segmentsOf, startOf } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function order({ streams, truth, mayHaveLost }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const merges = new Map<string, Map<string, DeliverEvent[]>>();
  for (const stream of streams) {
    for (const segment of segmentsOf(stream)) {
      let last = startOf(segment, stream);
      let before: DeliverEvent | undefined;
      for (const event of segment.events) {
        if (last !== undefined && event.pos.epoch === last.epoch && event.pos.offset <= last.offset) {
          const message = `${event.sub} on ${stream.sub.ch}: ${posText(event.pos)} came behind ${posText(last)}`;
          findings.push({ message, events: before === undefined ? [event] : [before, event] });
        }
        last = event.pos;
        if (event.f !== "deliver") continue;
        // What a failover took may have been accepted again elsewhere: the order is that of what is on the log.
        if (mayHaveLost && truth.entryAt(stream.sub.ch, event.pos) === undefined) continue;
        if (before !== undefined && before.pos.epoch === event.pos.epoch) {
          const key = `${stream.sub.ch} ${event.pos.epoch}`;
          const edges = merges.get(key) ?? new Map<string, DeliverEvent[]>();
          merges.set(key, edges);
          const next = edges.get(before.hash);
          if (next === undefined) edges.set(before.hash, [event]);
          else if (next.every((known) => known.hash !== event.hash)) next.push(event);
        }
        before = event;
      }
    }
  }
  for (const [key, edges] of merges) {
    const cycle = cycleIn(edges);
    if (cycle !== undefined) findings.push({ message: `${key}: subscribers saw different orders`, events: cycle });
  }
  return findings;
}

/** A cycle of "was delivered directly before", or undefined when one order explains all. */
function cycleIn(edges: ReadonlyMap<string, readonly DeliverEvent[]>): DeliverEvent[] | undefined {
  const done = new Set<string>();
  for (const root of edges.keys()) {
    if (done.has(root)) continue;
    const path: { hash: string; next: number; by: DeliverEvent | undefined }[] = [
      { hash: root, next: 0, by: undefined },
    ];
    const onPath = new Set([root]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const event = edges.get(top.hash)?.[top.next++];
      if (event === undefined) {
        done.add(top.hash);
        onPath.delete(top.hash);
        path.pop();
      } else if (onPath.has(event.hash)) {
        return [...path.flatMap((step) => step.by ?? []), event];
      } else if (!done.has(event.hash)) {
        path.push({ hash: event.hash, next: 0, by: event });
        onPath.add(event.hash);
      }
    }
  }
  return undefined;
}
