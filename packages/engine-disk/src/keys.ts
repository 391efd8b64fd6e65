// Where things stand in the store. Numbers are big-endian, so that the order of bytes is the order of numbers.
//
//   L!name              constants: layout version, counts     c!name          number of a channel's log
//   m!number            its meta: epoch, head, floor          e!number offset one entry
//   p!number x          record of a producer                  k!number key    record of a keyed append
//   x!expiry recordKey  queue of records that will expire     d!number        a log that is being erased

import { concatBytes, utf8Encode } from "@heddle/base";
import type { Dedup } from "@heddle/hub/ports";

const prefixes = Object.fromEntries([..."Lcmepkxd"].map((letter) => [letter, utf8Encode(`${letter}!`)])) as Record<
  "L" | "c" | "m" | "e" | "p" | "k" | "x" | "d",
  Uint8Array
>;

export const layoutKey = concatBytes([prefixes.L, utf8Encode("layout")]);
export const countsKey = concatBytes([prefixes.L, utf8Encode("counts")]);
/** Written by nothing but a synced write that has nothing else to write. */
export const syncedKey = concatBytes([prefixes.L, utf8Encode("synced")]);

export const channelKey = (name: string): Uint8Array => concatBytes([prefixes.c, utf8Encode(name)]);
export const metaKey = (log: number): Uint8Array => concatBytes([prefixes.m, u32(log)]);
export const erasureKey = (log: number): Uint8Array => concatBytes([prefixes.d, u32(log)]);

export function entryKey(log: number, offset: number): Uint8Array {
  const key = new Uint8Array(14);
  key.set(prefixes.e);
  const view = new DataView(key.buffer);
  view.setUint32(2, log);
  setU64(view, 6, offset);
  return key;
}

export const offsetOf = (key: Uint8Array): number => u64At(key, 6);
/** The log's number in any key that names one directly behind its prefix. */
export const logOf = (key: Uint8Array): number => new DataView(key.buffer, key.byteOffset).getUint32(2);

export const recordKey = (log: number, dedup: Dedup): Uint8Array =>
  dedup.by === "producer"
    ? concatBytes([prefixes.p, u32(log), utf8Encode(dedup.x)])
    : concatBytes([prefixes.k, u32(log), utf8Encode(dedup.key)]);

export function expiryKey(untilMs: number, record: Uint8Array): Uint8Array {
  const at = new Uint8Array(8);
  setU64(new DataView(at.buffer), 0, Math.ceil(untilMs));
  return concatBytes([prefixes.x, at, record]);
}

export const expiringRecord = (key: Uint8Array): Uint8Array => key.slice(10);

/** Everything that expired by now. */
export const expiriesUntil = (nowMs: number): { from: Uint8Array; to: Uint8Array } => ({
  from: prefixes.x,
  to: expiryKey(nowMs + 1, new Uint8Array()),
});

/** All metas from one log's on. */
export const metasFrom = (log: number): { from: Uint8Array; to: Uint8Array } => ({
  from: metaKey(log),
  to: utf8Encode('m"'),
});

export const erasures = { from: prefixes.d, to: utf8Encode('d"') };

/** Every place that belongs to one log: entries, then records. */
export const belongings = (log: number): readonly { from: Uint8Array; to: Uint8Array }[] =>
  [prefixes.e, prefixes.p, prefixes.k].map((prefix) => ({
    from: concatBytes([prefix, u32(log)]),
    to: log === 0xffff_ffff ? concatBytes([prefix, u32(log), u32(log), u32(log)]) : concatBytes([prefix, u32(log + 1)]),
  }));

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Offsets and times are safe integers: 53 bits. */
function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value % 2 ** 32);
}

function u64At(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}
