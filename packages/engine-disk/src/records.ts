// Who published what last: the records by which a repeated append is recognised, and what they say about a draft.

import { samePos, type Pos } from "@heddle/protocol";
import type { Appended, Dedup, Draft } from "@heddle/hub/ports";
import type { Incarnation } from "./channel-log.ts";
import { expiryKey, recordKey } from "./keys.ts";
import type { KeyValueStore } from "./port.ts";
import { pack, unpack, type DedupRecord } from "./values.ts";
import type { Writer } from "./writer.ts";

export class Records {
  readonly #store: KeyValueStore;
  readonly #writer: Writer;
  readonly #max: number;
  /** Least recently used first. */
  readonly #cached = new Map<string, DedupRecord>();
  #watched: Set<string> | undefined;

  constructor(store: KeyValueStore, writer: Writer, max: number) {
    this.#store = store;
    this.#writer = writer;
    this.#max = max;
  }

  /** The record of whoever appends, dead or alive. */
  async find(log: number, dedup: Dedup): Promise<DedupRecord | undefined> {
    const id = idOf(log, dedup);
    const cached = this.#cached.get(id);
    if (cached !== undefined) {
      this.#keep(id, cached);
      return cached;
    }
    const value = await this.#store.get(recordKey(log, dedup));
    if (value === undefined) return undefined;
    const record = unpack(value).head as DedupRecord;
    this.#keep(id, record);
    return record;
  }

  /** Puts a record into the open batch. `isNew`: it is not yet in the queue of those that will expire. */
  put(log: number, dedup: Dedup, record: DedupRecord, isNew: boolean): void {
    const id = idOf(log, dedup);
    const key = recordKey(log, dedup);
    this.#watched?.add(keyText(key));
    this.#keep(id, record);
    this.#writer.putLatest(id, key, () => pack(record));
    if (isNew) this.#writer.put(expiryKey(record.untilMs, key), new Uint8Array());
  }

  /** From now on notes which records are written, for whoever clears away those that are not. */
  watch(): ReadonlySet<string> {
    return (this.#watched = new Set());
  }

  unwatch(): void {
    this.#watched = undefined;
  }

  #keep(id: string, record: DedupRecord): void {
    this.#cached.delete(id);
    this.#cached.set(id, record);
    if (this.#cached.size <= this.#max) return;
    const [oldest] = this.#cached.keys();
    // What is not written yet cannot be read back; it goes later.
    if (oldest !== undefined && !this.#writer.isDirty(oldest)) this.#cached.delete(oldest);
  }
}

const idOf = (log: number, dedup: Dedup): string =>
  dedup.by === "producer" ? `p${log} ${dedup.x}` : `k${log} ${dedup.key}`;

/** Keys as text, one character a byte, to compare and to look up. */
export const keyText = (key: Uint8Array): string => String.fromCharCode(...key);

/** What a draft is answered that must not be appended; undefined when it may. `record` is alive or undefined. */
export function refusal(draft: Draft, record: DedupRecord | undefined, log: Incarnation): Appended | undefined {
  const { dedup, expect } = draft;
  const n = numberOf(dedup);
  if (record !== undefined && n <= record.n) {
    if (n === record.n && dedup.hash !== record.hash) return { s: "idReused" };
    const pos: Pos = { epoch: log.epoch, offset: record.offset, tag: record.tag };
    return { s: "dup", pos };
  }
  if (dedup.by === "producer" && dedup.prev > (record?.n ?? 0)) return { s: "outOfOrder" };
  if (expect !== undefined && !samePos(expect, log.decided)) return { s: "conflict", head: log.decided };
  return undefined;
}

export const numberOf = (dedup: Dedup): number => (dedup.by === "producer" ? dedup.n : 1);
