// When what is in the logs was stored. A server writes an entry down when its store has answered, and one that is killed, frozen
// or cut off does so late or never; others may have shown the entry by then.

import type { Pos } from "@heddle/protocol";
import type { HistoryEvent } from "@heddle/testkit/checker";
import { placeOf } from "./recording-engine.ts";

/**
 * What was stored, once each and in the logs' order. A server that starts says again what it finds, and what the one before
 * it had stored unseen is written down only then: it was there as soon as what stands behind it, as soon as anybody was told
 * of its place, and as soon as somebody was told that the log begins where only this entry lets it begin. Places hold random
 * tags, so nobody knows one that is not there yet; an entry is never there before it was published.
 */
export function inOrder(history: readonly HistoryEvent[]): HistoryEvent[] {
  const { places, floors } = firstTold(history);
  const pubMs = new Map(history.flatMap((event) => (event.f === "pub" ? [[event.hash, event.ts] as const] : [])));
  const known = new Set<string>();
  const once = history.filter((event) => {
    if (event.f !== "stored") return true;
    const place = placeOf(event.ch, event.pos);
    return !known.has(place) && known.add(place);
  });
  const stored = once.filter((event) => event.f === "stored").sort((a, b) => b.pos.offset - a.pos.offset);
  const behindMs = new Map<string, number>();
  const moved = stored.map((event) => {
    const log = `${event.ch} ${event.pos.epoch}`;
    const seenMs = places.get(placeOf(event.ch, event.pos)) ?? Infinity;
    const floorMs = floors.get(`${log} ${event.floor}`) ?? Infinity;
    const isPossible = (pubMs.get(event.hash) ?? Infinity) <= floorMs;
    const ts = Math.min(event.ts, seenMs, isPossible ? floorMs : Infinity, behindMs.get(log) ?? Infinity);
    behindMs.set(log, ts);
    return { ...event, ts };
  });
  return [...moved.reverse(), ...once.filter(({ f }) => f !== "stored")].sort((a, b) => a.ts - b.ts);
}

/** When somebody was first told of a place, and of where a log begins. */
function firstTold(history: readonly HistoryEvent[]) {
  const channelOf = new Map<string, string>();
  const places = new Map<string, number>();
  const floors = new Map<string, number>();
  const told = (sub: string, pos: Pos, ts: number): void => {
    const place = placeOf(channelOf.get(sub) ?? "", pos);
    if (!places.has(place)) places.set(place, ts);
  };
  for (const event of history) {
    if (event.f === "sub") channelOf.set(event.sub, event.ch);
    else if (event.f === "subscribed" || event.f === "deliver" || event.f === "skip")
      told(event.sub, event.pos, event.ts);
    else if (event.f === "gap") {
      told(event.sub, event.to, event.ts);
      const floor = `${channelOf.get(event.sub)} ${event.to.epoch} ${event.to.offset}`;
      if (event.why === "expired" && !floors.has(floor)) floors.set(floor, event.ts);
    }
  }
  return { places, floors };
}
