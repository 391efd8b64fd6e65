// A channel's past, a page at a time.

import type { MessageFrame, WirePos } from "@heddle/protocol";
import type { Ask, AskOptions } from "../requests/requests.ts";
import { bytesOf } from "../bytes-of.ts";
import { messageFrom, type Message } from "./delivery.ts";

/** Which part of the past. Exactly one of `before`, `after`, `last`. */
export interface HistoryQuery extends AskOptions {
  /** Entries up to this position. */
  readonly before?: WirePos | undefined;
  /** Entries behind this position. */
  readonly after?: WirePos | undefined;
  /** The newest entries, at most so many. */
  readonly last?: number | undefined;
  /** Of one page: 1…1_000, default 50; of `history()`: entries in all, default no end. */
  readonly limit?: number | undefined;
  /** The log must have reached this position: reads what was just published. */
  readonly min?: WirePos | undefined;
}

export interface HistoryPage {
  /** Oldest first. */
  readonly entries: readonly Message[];
  /** Where the next page in the same direction begins: its `before` or `after`. */
  readonly position: WirePos;
  readonly more: boolean;
}

type Entry = MessageFrame & { readonly o: number; readonly g: number };

export async function historyPage(ask: Ask, ch: string, query: HistoryQuery): Promise<HistoryPage> {
  const { signal, timeoutMs, ...rest } = query;
  const { d } = await ask({ t: "history", ch, ...rest }, { signal, timeoutMs });
  const { list, p, more } = d as { readonly list: readonly Entry[]; readonly p: WirePos; readonly more: number };
  const entries = list.map((entry) => {
    const [payload, meta] = messageFrom(entry, [p[0], entry.o, entry.g]);
    return { payload: entry.b === undefined ? payload : bytesOf(entry.b), meta };
  });
  return { entries, position: p, more: more > 0 };
}

export async function* history(
  ask: Ask,
  ch: string,
  { limit = Infinity, ...query }: HistoryQuery,
): AsyncGenerator<Message, void, undefined> {
  const isForward = !!query.after;
  const pageCount = 50;
  let next: HistoryQuery = query;
  for (let left = limit; left > 0;) {
    const page = await historyPage(ask, ch, { ...next, limit: Math.min(left, next.last ?? left, pageCount) });
    yield* isForward ? page.entries : [...page.entries].reverse();
    if (!page.more) return;
    left -= page.entries.length;
    next = { ...query, last: undefined, [isForward ? "after" : "before"]: page.position };
  }
}
