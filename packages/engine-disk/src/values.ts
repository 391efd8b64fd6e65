// How values look: a checksum, a head of JSON, and an entry's data as it is. What does not match its checksum is not read.

import { concatBytes, utf8Decode, utf8Encode } from "@heddle/base";
import type { Entry } from "@heddle/hub/ports";
import { crc32 } from "./crc32.ts";

/** What is known of a log apart from its entries. */
export interface Meta {
  readonly name: string;
  readonly epoch: string;
  readonly offset: number;
  readonly tag: number;
  /** Offset behind which entries are kept. */
  readonly floor: number;
  /** How long entries are kept, ms; null: for good. */
  readonly ageMs: number | null;
  /** When it was last written, store time in ms. */
  readonly usedMs: number;
}

/** What is remembered of a producer or key, for the deduplication window. */
export interface DedupRecord {
  readonly n: number;
  readonly offset: number;
  readonly tag: number;
  readonly hash: string;
  /** Store time in ms. */
  readonly untilMs: number;
}

export interface Counts {
  /** Number the next log gets. */
  readonly nextLog: number;
  readonly channels: number;
}

/** A value that is not what was written. */
export class DamagedError extends Error {}

const headerBytes = 8;

export function pack(head: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = utf8Encode(JSON.stringify(head));
  const value = concatBytes([new Uint8Array(headerBytes), text, data]);
  const view = new DataView(value.buffer);
  view.setUint32(4, text.length);
  view.setUint32(0, crc32(value.subarray(4)));
  return value;
}

/** @throws {DamagedError} */
export function unpack(value: Uint8Array): { readonly head: unknown; readonly data: Uint8Array } {
  if (value.length < headerBytes) throw new DamagedError(`${value.length} bytes are no value`);
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (view.getUint32(0) !== crc32(value.subarray(4))) throw new DamagedError("the checksum does not match");
  const dataAt = headerBytes + view.getUint32(4);
  return {
    head: JSON.parse(utf8Decode(value.subarray(headerBytes, dataAt))),
    // A plain view: a store may hand out a subclass of its own.
    data: new Uint8Array(value.buffer, value.byteOffset + dataAt, value.length - dataAt),
  };
}

type EntryHead = readonly [
  tag: number,
  prevTag: number,
  ts: number,
  id: string,
  event: string,
  key: string,
  user: string,
  traceparent: string,
  kind: "json" | "bytes",
];

export function packEntry({ pos, prevTag, ts, id, event, key, user, traceparent, kind, data }: Entry): Uint8Array {
  const head: EntryHead = [pos.tag, prevTag, ts, id, event, key, user, traceparent, kind];
  return pack(head, data);
}

/** @throws {DamagedError} */
export function unpackEntry(epoch: string, offset: number, value: Uint8Array): Entry {
  const { head, data } = unpack(value);
  const [tag, prevTag, ts, id, event, key, user, traceparent, kind] = head as EntryHead;
  return {
    pos: { epoch, offset, tag },
    prevOffset: offset - 1,
    prevTag,
    type: "data",
    ...{ ts, id, event, key, user, traceparent, kind, data },
  };
}
