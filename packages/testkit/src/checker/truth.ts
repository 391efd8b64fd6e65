// What was really in the logs: every entry the store or the final reader showed, per channel and epoch, in log order.

import { samePos, type Pos } from "@heddle/protocol";
import type { Facts } from "./facts.ts";
import type { History, SeenEntry, StoredEvent } from "./history.ts";

/** One identity of one channel's log. */
export interface EpochLog {
  readonly epoch: string;
  /** Ascending by offset, without a hole from `knownFrom` on. */
  readonly entries: readonly SeenEntry[];
  /** Offsets up to here are not known. */
  readonly knownFrom: number;
  /** Whether this is the epoch the channel ended with. */
  readonly isFinal: boolean;
  readonly stored: readonly StoredEvent[];
}

export class Truth {
  readonly #logs = new Map<string, Map<string, EpochLog>>();

  constructor(history: History, facts: Facts) {
    const stored = new Map<string, Map<string, StoredEvent[]>>();
    for (const event of history) {
      if (event.f !== "stored") continue;
      const epochs = stored.get(event.ch) ?? new Map<string, StoredEvent[]>();
      stored.set(event.ch, epochs);
      const list = epochs.get(event.pos.epoch);
      if (list === undefined) epochs.set(event.pos.epoch, [event]);
      else list.push(event);
    }
    for (const channel of new Set([...stored.keys(), ...facts.final.keys()])) {
      this.#logs.set(channel, epochsOf(stored.get(channel) ?? new Map(), facts.final.get(channel)));
    }
  }

  channels(): IterableIterator<[string, ReadonlyMap<string, EpochLog>]> {
    return this.#logs.entries();
  }

  log(channel: string, epoch: string): EpochLog | undefined {
    return this.#logs.get(channel)?.get(epoch);
  }

  /** Whether it is known what stood at `pos`: an epoch in which a channel's store stored nothing is known to be empty. */
  isKnown(channel: string, pos: Pos): boolean {
    const logs = this.#logs.get(channel);
    if (logs === undefined) return false;
    const log = logs.get(pos.epoch);
    if (log !== undefined) return pos.offset > log.knownFrom;
    return [...logs.values()].some(({ stored }) => stored.length > 0);
  }

  /** The entry at exactly `pos`. */
  entryAt(channel: string, pos: Pos): SeenEntry | undefined {
    const log = this.log(channel, pos.epoch);
    if (log === undefined) return undefined;
    const entry = log.entries[indexBehind(log.entries, pos.offset - 1)];
    return entry !== undefined && samePos(entry.pos, pos) ? entry : undefined;
  }

  /** Entries strictly between two offsets of one epoch. */
  between(channel: string, epoch: string, after: number, before: number): readonly SeenEntry[] {
    const log = this.log(channel, epoch);
    if (log === undefined) return [];
    return log.entries.slice(indexBehind(log.entries, after), indexBehind(log.entries, before - 1));
  }

  /** Head offset and floor offset of an epoch as they were at `ts`; undefined when the store's events are not known. */
  stateAt(channel: string, epoch: string, ts: number): { head: number; floor: number } | undefined {
    const stored = this.log(channel, epoch)?.stored ?? [];
    let low = 0;
    let high = stored.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((stored[middle] as StoredEvent).ts <= ts) low = middle + 1;
      else high = middle;
    }
    const last = stored[low - 1];
    return last && { head: last.pos.offset, floor: last.floor };
  }
}

function epochsOf(
  stored: ReadonlyMap<string, readonly StoredEvent[]>,
  final: Facts["final"] extends ReadonlyMap<string, infer F> ? F | undefined : never,
): Map<string, EpochLog> {
  const logs = new Map<string, EpochLog>();
  for (const [epoch, events] of stored) {
    const first = events[0] as StoredEvent;
    const isFinal = final?.head.epoch === epoch;
    logs.set(epoch, { epoch, entries: events, knownFrom: first.prevOffset, isFinal, stored: events });
  }
  if (final !== undefined && !logs.has(final.head.epoch)) {
    const { epoch } = final.head;
    logs.set(epoch, { epoch, entries: final.entries, knownFrom: final.floor.offset, isFinal: true, stored: [] });
  }
  return logs;
}

/** Index of the first entry with an offset above `offset`. */
function indexBehind(entries: readonly SeenEntry[], offset: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as SeenEntry).pos.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
