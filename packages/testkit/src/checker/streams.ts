// The history as seen by each subscription, and by each process: the shape in which most invariants read it.

import type { Pos } from "@heddle/protocol";
import type {
  DeliverEvent,
  GapEvent,
  History,
  HistoryEvent,
  PubEvent,
  PubFailEvent,
  PubOkEvent,
  PubUnknownEvent,
  SkipEvent,
  SnapshotEvent,
  SubEndEvent,
  SubEvent,
  SubscribedEvent,
  VolatileEvent,
} from "./history.ts";

export type StreamEvent =
  SubscribedEvent | DeliverEvent | VolatileEvent | SkipEvent | GapEvent | SnapshotEvent | SubEndEvent;

/** One subscription's life. */
export interface Stream {
  readonly sub: SubEvent;
  readonly events: readonly StreamEvent[];
  readonly end: SubEndEvent | undefined;
}

/** A maximal run of deliveries without a gap; `start` is where it begins. */
export interface Segment {
  readonly start: SubscribedEvent | GapEvent | undefined;
  readonly events: readonly (DeliverEvent | SkipEvent)[];
}

export interface Publish {
  readonly pub: PubEvent;
  readonly outcome: PubOkEvent | PubFailEvent | PubUnknownEvent | undefined;
}

export function streamsOf(history: History): readonly Stream[] {
  const streams = new Map<string, { sub: SubEvent; events: StreamEvent[]; end: SubEndEvent | undefined }>();
  for (const event of history) {
    switch (event.f) {
      case "sub":
        streams.set(event.sub, { sub: event, events: [], end: undefined });
        break;
      case "sub-end":
      case "subscribed":
      case "deliver":
      case "volatile":
      case "skip":
      case "gap":
      case "snapshot": {
        const stream = streams.get(event.sub);
        if (stream === undefined) throw new Error(`history: ${event.f} for ${event.sub} before its sub`);
        stream.events.push(event);
        if (event.f === "sub-end") stream.end = event;
        break;
      }
      default:
    }
  }
  return [...streams.values()];
}

export function segmentsOf(stream: Stream): readonly Segment[] {
  const segments: { start: SubscribedEvent | GapEvent | undefined; events: (DeliverEvent | SkipEvent)[] }[] = [];
  let current: (typeof segments)[number] | undefined;
  for (const event of stream.events) {
    if (event.f === "subscribed" || event.f === "gap") segments.push((current = { start: event, events: [] }));
    else if (event.f === "deliver" || event.f === "skip") {
      if (current === undefined) segments.push((current = { start: undefined, events: [] }));
      current.events.push(event);
    }
  }
  return segments;
}

/** Where a segment begins: behind its gap, where it was subscribed, or at the position the subscriber brought along. */
export function startOf({ start }: Segment, { sub }: Stream): Pos | undefined {
  if (start === undefined) return sub.at;
  return start.f === "gap" ? start.to : start.pos;
}

export function publishesOf(history: History): readonly Publish[] {
  const publishes = new Map<string, { pub: PubEvent; outcome: Publish["outcome"] }>();
  for (const event of history) {
    if (event.f === "pub") publishes.set(event.op, { pub: event, outcome: undefined });
    else if (event.f === "pub-ok" || event.f === "pub-fail" || event.f === "pub-unknown") {
      const publish = publishes.get(event.op);
      if (publish === undefined) throw new Error(`history: ${event.f} of ${event.op} before its pub`);
      if (publish.outcome !== undefined) throw new Error(`history: ${event.op} was answered twice`);
      publish.outcome = event;
    }
  }
  return [...publishes.values()];
}

/** Instances that were never closed or crashed. */
export function livingProcs(history: History): ReadonlySet<string> {
  const living = new Set<string>();
  for (const event of history) {
    if (event.f !== "proc") continue;
    if (event.is === "started") living.add(event.proc);
    else living.delete(event.proc);
  }
  return living;
}

/** Events of one kind. */
export function eventsOf<F extends HistoryEvent["f"]>(history: History, f: F): Extract<HistoryEvent, { f: F }>[] {
  return history.filter((event): event is Extract<HistoryEvent, { f: F }> => event.f === f);
}
