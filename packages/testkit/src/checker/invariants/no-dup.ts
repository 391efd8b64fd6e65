// G3: a subscription gets no position twice in its life, and no content twice within a segment.

import type { Evidence } from "../evidence.ts";
import type { DeliverEvent, GapEvent } from "../history.ts";
import { segmentsOf, type Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

/** A subscription remembers this many content ids; older repeats are the log's own. */
const rememberedIds = 1_024;

export function noDup({ streams, wasSplit }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const stream of streams) {
    findings.push(...repeatedVolatiles(stream));
    const positions = new Map<string, DeliverEvent>();
    for (const segment of segmentsOf(stream)) {
      const { start } = segment;
      if (wasSplit && start?.f === "gap" && start.why === "fork") takeBack(positions, start);
      const contents = new Map<string, { event: DeliverEvent; index: number }>();
      let index = 0;
      for (const event of segment.events) {
        if (event.f !== "deliver") continue;
        const place = posText(event.pos);
        const before = positions.get(place);
        if (before !== undefined) {
          findings.push({ message: `${event.sub} on ${stream.sub.ch}: ${place} came twice`, events: [before, event] });
        }
        positions.set(place, event);
        const same = contents.get(event.id);
        if (event.id !== "" && same !== undefined && index - same.index <= rememberedIds && before === undefined) {
          const message = `${event.sub} on ${stream.sub.ch}: content ${event.id} came twice in one segment`;
          findings.push({ message, events: [same.event, event] });
        }
        contents.set(event.id, { event, index: index++ });
      }
    }
  }
  return findings;
}

/** Volatile events come at most once. */
function repeatedVolatiles({ sub, events }: Stream): Finding[] {
  const seen = new Map<string, Stream["events"][number]>();
  return events.flatMap((event) => {
    if (event.f !== "volatile") return [];
    const before = seen.get(event.hash);
    seen.set(event.hash, event);
    if (before === undefined) return [];
    return [{ message: `${sub.sub} on ${sub.ch}: volatile ${event.hash} came twice`, events: [before, event] }];
  });
}

/** The branch on which the node of that moment stood has nothing behind the gap's end; another branch may have it still. */
function takeBack(positions: Map<string, DeliverEvent>, { to }: GapEvent): void {
  for (const [place, { pos }] of positions)
    if (pos.epoch === to.epoch && pos.offset > to.offset) positions.delete(place);
}
