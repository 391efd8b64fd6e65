// Reads of one log: what is retained, what a position proves. Every read sees one consistent state, fixed when it begins:
// entries between floor and head are never changed, and erased only after the floor has passed them.

import { rootOf, samePos, type Pos } from "@heddle/protocol";
import { positionBefore, type Entry, type ReadQuery, type ReadResult } from "@heddle/hub/ports";
import type { Incarnation } from "./channel-log.ts";
import { entryKey, offsetOf } from "./keys.ts";
import type { KeyRange, KeyValue, KeyValueStore } from "./port.ts";
import { unpackEntry } from "./values.ts";

const expiryStep = { limit: 256, bytes: 1_048_576 };

/** The log lacks an entry it must have: the system lost unsynced writes out of order. */
export class HoleError extends Error {}

/** Entries in (after, upTo]. The view is taken before this returns its promise. */
async function entries(
  store: KeyValueStore,
  log: Incarnation,
  after: number,
  upTo: number,
  how: Pick<KeyRange, "limit" | "bytes" | "reverse">,
): Promise<Entry[]> {
  if (upTo <= after || how.limit < 1) return [];
  const range = { from: entryKey(log.number, after + 1), to: entryKey(log.number, upTo + 1), ...how };
  const found = (await store.range(range)).map(({ key, value }: KeyValue) =>
    unpackEntry(log.epoch, offsetOf(key), value),
  );
  if (how.reverse === true) found.reverse();
  const isAnchored = how.reverse === true ? found.at(-1)?.pos.offset === upTo : found[0]?.pos.offset === after + 1;
  const isLinked = found.every((entry, index) => {
    const before = found[index - 1];
    return before === undefined || samePos(positionBefore(entry), before.pos);
  });
  if (!isAnchored || !isLinked) throw new HoleError(`entries ${after + 1}…${upTo} are not all there`);
  return found;
}

/** Hides entries written before `oldestMs` (wall clock), oldest first, and stops at the first younger one. @throws {HoleError} */
export async function hideExpired(store: KeyValueStore, log: Incarnation, oldestMs: number): Promise<void> {
  while (log.floor < log.head.offset) {
    const { oldest } = log;
    if (oldestMs === -Infinity) return;
    if (oldest?.offset === log.floor + 1 && oldest.ts >= oldestMs) return;
    const found = await entries(store, log, log.floor, log.head.offset, expiryStep);
    const kept = found.find(({ ts }) => ts >= oldestMs);
    log.raiseFloor((kept?.prevOffset ?? found.at(-1)?.pos.offset) as number);
    if (kept === undefined) continue;
    log.oldest = { offset: kept.pos.offset, ts: kept.ts };
    return;
  }
}

/** @throws {HoleError} */
export async function read(store: KeyValueStore, log: Incarnation, query: ReadQuery): Promise<ReadResult> {
  const { head, floor: floorOffset } = log;
  const asked = "after" in query ? query.after : "before" in query ? query.before : head;
  const isBetween = asked.epoch === log.epoch && asked.offset > floorOffset && asked.offset < head.offset;
  // All three views are taken in this turn.
  const [floor, atAsked, body] = await Promise.all([
    positionOfFloor(store, log),
    isBetween ? entries(store, log, asked.offset - 1, asked.offset, { limit: 1 }) : [],
    bodyOf(store, log, query, asked),
  ]);
  const base = { head, floor };
  const upTo = Math.min(asked.offset, head.offset);
  if ("last" in query) return { ...base, ...backward(body, floorOffset, upTo, query.bytes), proof: "linked" };
  const proof = prove(asked, { head, floor, epoch: log.epoch, at: atAsked[0]?.pos });
  if (proof === "diverged") return { ...base, entries: [], more: false, proof };
  if ("after" in query) {
    if (proof === "trimmed") return { ...base, entries: [], more: false, proof };
    return { ...base, ...forward(body, asked.offset, head.offset, query.bytes), proof };
  }
  if (asked.offset <= floorOffset)
    return { ...base, entries: [], more: false, proof: samePos(asked, floor) ? "linked" : "trimmed" };
  return { ...base, ...backward(body, floorOffset, upTo, query.bytes), proof: "linked" };
}

function bodyOf(store: KeyValueStore, log: Incarnation, query: ReadQuery, asked: Pos): Promise<Entry[]> {
  const { floor, head } = log;
  // A value is longer than its data, so this never asks for less than `bytes` allow, but for one entry.
  const size = { limit: query.limit, bytes: query.bytes };
  if ("after" in query) return entries(store, log, Math.max(floor, asked.offset), head.offset, size);
  const limit = "last" in query ? Math.min(query.last, query.limit) : query.limit;
  const upTo = Math.min(asked.offset, head.offset);
  return entries(store, log, floor, upTo, { ...size, limit, reverse: true });
}

/** The position before the oldest retained entry. */
async function positionOfFloor(store: KeyValueStore, log: Incarnation): Promise<Pos> {
  const { floor, head, floorPos, epoch } = log;
  if (floor === head.offset) return head;
  if (floor === 0) return rootOf(epoch);
  if (floorPos.offset === floor) return floorPos;
  const [oldest] = await entries(store, log, floor, head.offset, { limit: 1 });
  const found = positionBefore(oldest as Entry);
  if (log.floor === floor) log.floorPos = found;
  return found;
}

interface Place {
  readonly epoch: string;
  readonly head: Pos;
  readonly floor: Pos;
  /** Position of the retained entry at the asked offset. */
  readonly at: Pos | undefined;
}

function prove(asked: Pos, { epoch, head, floor, at }: Place): ReadResult["proof"] {
  if (asked.epoch !== epoch || asked.offset > head.offset) return "diverged";
  if (samePos(asked, head) || samePos(asked, floor)) return "linked";
  if (asked.offset < floor.offset) return "trimmed"; // what stood there is gone: nothing more can be said
  return at !== undefined && samePos(at, asked) ? "linked" : "diverged";
}

interface Page {
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

function forward(found: readonly Entry[], after: number, headOffset: number, bytes: number): Page {
  let count = 0;
  for (let size = 0; count < found.length; count++) {
    size += (found[count] as Entry).data.length;
    if (count > 0 && size > bytes) break;
  }
  const taken = found.slice(0, count);
  return { entries: taken, more: (taken.at(-1)?.pos.offset ?? after) < headOffset };
}

function backward(found: readonly Entry[], floorOffset: number, upTo: number, bytes: number): Page {
  let from = found.length;
  for (let size = 0; from > 0; from--) {
    size += (found[from - 1] as Entry).data.length;
    if (from < found.length && size > bytes) break;
  }
  const taken = found.slice(from);
  return { entries: taken, more: (taken[0]?.prevOffset ?? upTo) > floorOffset };
}
