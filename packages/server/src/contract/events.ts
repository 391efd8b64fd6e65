// Entries of a log as the application reads them.

import { OptionError, utf8Decode } from "@heddle/base";
import { fromWirePos, toWirePos, wireLimits, type WirePos } from "@heddle/protocol";
import { positionBefore, type Entry, type ReadQuery, type ReadResult } from "@heddle/hub/ports";

/** One stored event. */
export interface StoredEvent<Event extends string = string, Payload = unknown> {
  readonly event: Event;
  readonly payload: Payload;
  /** The position behind this entry. */
  readonly position: WirePos;
  readonly id: string;
  readonly key: string | undefined;
  /** User who published it; undefined when the server did, or an anonymous session. */
  readonly user: string | undefined;
  /** The store's wall clock, ms. */
  readonly at: number;
}

/** Which part of the past; exactly one of `last`, `before`, `after`. */
export interface HistoryQuery {
  /** The newest entries. 1…1_000. */
  readonly last?: number;
  /** Entries up to this position. */
  readonly before?: WirePos;
  /** Entries behind this position. */
  readonly after?: WirePos;
  /** Entries of one page. 1…1_000, default 50, with `last` that many. */
  readonly limit?: number;
}

export interface HistoryPage<E = StoredEvent> {
  /** Oldest first. */
  readonly events: readonly E[];
  /** Where the next page in the same direction begins: its `before` or `after`. */
  readonly position: WirePos;
  readonly more: boolean;
  /** The newest position of the channel. */
  readonly head: WirePos;
}

/** Data of one page; what does not fit stays for the next. Bytes. */
const pageBytes = 1_048_576;
const defaultLimit = 50;

/** @throws {OptionError} naming what is wrong with the query */
export function readQueryOf({ last, before, after, limit = last ?? defaultLimit }: HistoryQuery): ReadQuery {
  const given = [last, before, after].filter((part) => part !== undefined).length;
  if (given !== 1) throw new OptionError("history", `${given} of last, before, after`, "exactly one");
  if (!Number.isInteger(limit) || limit < 1 || limit > wireLimits.historyCount) {
    throw new OptionError("history.limit", limit, `a whole number from 1 to ${wireLimits.historyCount}`);
  }
  const bounds = { limit, bytes: pageBytes };
  if (before !== undefined) return { ...bounds, before: fromWirePos(before) };
  if (after !== undefined) return { ...bounds, after: fromWirePos(after) };
  return { ...bounds, last: limit };
}

export function pageOf(query: ReadQuery, read: ReadResult): HistoryPage {
  const events = read.entries.filter(({ type }) => type === "data").map(eventOf);
  return { events, position: toWirePos(nextPosition(query, read)), more: read.more, head: toWirePos(read.head) };
}

function eventOf(entry: Entry): StoredEvent {
  const { event, pos, id, key, user, ts, kind, data } = entry;
  return {
    event,
    payload: kind === "bytes" ? data.slice() : (JSON.parse(utf8Decode(data)) as unknown),
    position: toWirePos(pos),
    id,
    key: key || undefined,
    user: user || undefined,
    at: ts,
  };
}

function nextPosition(query: ReadQuery, read: ReadResult): ReadResult["head"] {
  if ("after" in query) return read.entries.at(-1)?.pos ?? query.after;
  const [oldest] = read.entries;
  if (oldest !== undefined) return positionBefore(oldest);
  return "before" in query ? query.before : read.head;
}
