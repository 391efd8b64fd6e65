// One channel's log in memory: the reference for what every engine's append and read decide. Knows no time but what it is told.

import { rootOf, rootTag, samePos, type Pos } from "@heddle/protocol";
import {
  EngineError,
  positionBefore,
  type Appended,
  type Draft,
  type Entry,
  type ReadQuery,
  type ReadResult,
  type Sink,
} from "../ports/index.ts";

/** What is remembered of a producer or key, for the deduplication window. */
interface DedupRecord {
  readonly n: number;
  readonly pos: Pos;
  readonly hash: string;
  readonly untilMs: number;
}

const recordsPurgedPerAppend = 16;

export class MemoryLog {
  readonly epoch: string;
  readonly sinks = new Set<Sink>();
  #head: Pos;
  #entries: Entry[] = [];
  readonly #records = new Map<string, DedupRecord>();
  readonly #recordsMax: number;
  #ageMs = Infinity;

  constructor(epoch: string, recordsMax: number) {
    this.epoch = epoch;
    this.#head = rootOf(epoch);
    this.#recordsMax = recordsMax;
  }

  get head(): Pos {
    return this.#head;
  }

  get isIdle(): boolean {
    return this.sinks.size === 0;
  }

  /** The position before the oldest retained entry. */
  get floor(): Pos {
    const oldest = this.#entries[0];
    return oldest === undefined ? this.#head : positionBefore(oldest);
  }

  /** Dedup, order, expectation, append and trimming as one step. The caller makes the entry visible. */
  append(draft: Draft, nowMs: number, wallMs: number, windowMs: number): { result: Appended; entry?: Entry } {
    const { dedup } = draft;
    const recordKey = dedup.by === "producer" ? `p${dedup.x}` : `k${dedup.key}`;
    const record = this.#liveRecord(recordKey, nowMs);
    if (record === undefined) this.#expectRecordRoom(nowMs);
    const repeated = record && repetition(draft, record);
    if (repeated) return { result: repeated };
    if (dedup.by === "producer" && dedup.prev > (record?.n ?? 0)) return { result: { s: "outOfOrder" } };
    if (draft.expect !== undefined && !samePos(draft.expect, this.#head)) {
      return { result: { s: "conflict", head: this.#head } };
    }
    const entry = this.#push(draft, wallMs);
    const n = dedup.by === "producer" ? dedup.n : 1;
    this.#records.delete(recordKey); // re-inserted at the end: the map stays ordered by expiry
    this.#records.set(recordKey, { n, pos: entry.pos, hash: dedup.hash, untilMs: nowMs + windowMs });
    this.#ageMs = draft.keep.ageMs;
    this.#trim(draft.keep.entries, wallMs - this.#ageMs);
    return { result: { s: "new", pos: entry.pos }, entry };
  }

  /** Drops the oldest entries beyond `entriesMax` or older than `oldestMs` on the wall clock. */
  #trim(entriesMax: number, oldestMs: number): void {
    let drop = Math.max(0, this.#entries.length - entriesMax);
    while (drop < this.#entries.length && (this.#entries[drop] as Entry).ts < oldestMs) drop++;
    if (drop > 0) this.#entries.splice(0, drop);
  }

  read(query: ReadQuery, wallMs: number): ReadResult {
    this.#trim(Infinity, wallMs - this.#ageMs);
    const base = { head: this.#head, floor: this.floor };
    if ("last" in query) {
      const from = Math.max(0, this.#entries.length - Math.min(query.last, query.limit));
      return { ...base, ...this.#takeBackward(from, this.#entries.length, query), proof: "linked" };
    }
    const asked = "after" in query ? query.after : query.before;
    const proof = this.#prove(asked);
    if (proof === "diverged") return { ...base, entries: [], more: false, proof };
    const behind = this.#indexBehind(asked);
    if ("after" in query) {
      if (proof === "trimmed") return { ...base, entries: [], more: false, proof };
      return { ...base, ...this.#takeForward(behind, query), proof };
    }
    if (behind === 0)
      return { ...base, entries: [], more: false, proof: samePos(asked, base.floor) ? "linked" : "trimmed" };
    const from = Math.max(0, behind - query.limit);
    return { ...base, ...this.#takeBackward(from, behind, query), proof: "linked" };
  }

  /** Whether `pos` is on this log: the head, the floor, a retained entry, or behind the floor. */
  #prove(pos: Pos): ReadResult["proof"] {
    if (pos.epoch !== this.epoch || pos.offset > this.#head.offset) return "diverged";
    if (samePos(pos, this.#head) || samePos(pos, this.floor)) return "linked";
    if (pos.offset < this.floor.offset) return "trimmed"; // what stood there is gone: nothing more can be said
    const entry = this.#entries[this.#indexBehind(pos) - 1];
    return entry !== undefined && samePos(entry.pos, pos) ? "linked" : "diverged";
  }

  /** Index of the first retained entry behind `pos`. Offsets are dense, so this is arithmetic. */
  #indexBehind(pos: Pos): number {
    return Math.min(Math.max(0, pos.offset - this.floor.offset), this.#entries.length);
  }

  #takeForward(from: number, { limit, bytes }: ReadQuery): { entries: Entry[]; more: boolean } {
    let to = from;
    let size = 0;
    while (to < this.#entries.length && to - from < limit) {
      size += (this.#entries[to] as Entry).data.length;
      if (to > from && size > bytes) break;
      to++;
    }
    return { entries: this.#entries.slice(from, to), more: to < this.#entries.length };
  }

  #takeBackward(least: number, to: number, { bytes }: ReadQuery): { entries: Entry[]; more: boolean } {
    let from = to;
    let size = 0;
    while (from > least) {
      size += (this.#entries[from - 1] as Entry).data.length;
      if (from < to && size > bytes) break;
      from--;
    }
    return { entries: this.#entries.slice(from, to), more: from > 0 };
  }

  #push(draft: Draft, wallMs: number): Entry {
    const { id, event, key, user, traceparent, kind, data } = draft;
    const entry: Entry = {
      pos: { epoch: this.epoch, offset: this.#head.offset + 1, tag: draft.tag },
      prevOffset: this.#head.offset,
      prevTag: this.#head.offset === 0 ? rootTag : this.#head.tag,
      type: "data",
      ts: wallMs,
      ...{ id, event, key, user, traceparent, kind, data },
    };
    this.#entries.push(entry);
    this.#head = entry.pos;
    return entry;
  }

  #liveRecord(key: string, nowMs: number): DedupRecord | undefined {
    const record = this.#records.get(key);
    return record !== undefined && record.untilMs > nowMs ? record : undefined;
  }

  /** @throws {EngineError} `overloaded` */
  #expectRecordRoom(nowMs: number): void {
    this.#purgeRecords(nowMs);
    if (this.#records.size < this.#recordsMax) return;
    const text = `memory engine: ${this.#records.size} producers of a channel are remembered, recordsMax is ${this.#recordsMax}`;
    throw new EngineError("overloaded", text);
  }

  #purgeRecords(nowMs: number): void {
    let left = recordsPurgedPerAppend;
    for (const [key, record] of this.#records) {
      if (left-- === 0 || record.untilMs > nowMs) return;
      this.#records.delete(key);
    }
  }
}

/** What a draft that its producer's record already covers is answered; undefined when it is new. */
function repetition({ dedup }: Draft, record: DedupRecord): Appended | undefined {
  const n = dedup.by === "producer" ? dedup.n : 1;
  if (n > record.n) return undefined;
  if (n === record.n && dedup.hash !== record.hash) return { s: "idReused" };
  return { s: "dup", pos: record.pos };
}
