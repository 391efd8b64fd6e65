// Records as they are kept: publishes on their way, positions, and whose they are. What is read back is checked, since it may
// come from another version or a damaged disk.

import type { WirePos } from "@heddle/protocol";
import type { Stand } from "../ports.ts";
import type { Change, Row } from "./store.ts";

/** A publish until its outcome is known. */
export interface Item {
  readonly key: string;
  /** Producer: that of the run it was published in, with the number it has there. */
  readonly pid: string;
  readonly n: number;
  readonly ch: string;
  /** The frame's text behind the numbers. */
  readonly tail: string;
  /** By the wall clock. Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Whose it is; empty: of the first who connects. */
  who: string;
  /** Until when the server recognises a repetition, by our wall clock and by the server's. Undefined: never sent. */
  until: readonly [ownMs: number, serverMs: number] | undefined;
}

/** What an item's text says. */
export interface Said {
  readonly e: string;
  readonly d?: unknown;
  readonly b?: string;
}

export interface Records {
  readonly items: readonly Item[];
  readonly stands: ReadonlyMap<string, Stand>;
  /** Who was connected last; empty: nobody ever. */
  readonly who: string;
  /** Keys of records that make no sense. */
  readonly corrupt: readonly string[];
  /** The next item's. */
  readonly nextIndex: number;
}

const itemPrefix = "item/";
const standPrefix = "at/";
const whoKey = "who";
const indexDigits = 15;

export const itemKey = (index: number): string => itemPrefix + String(index).padStart(indexDigits, "0");

export function itemChange({ key, pid, n, ch, tail, expiresAtMs, who, until }: Item): Change {
  return [key, JSON.stringify({ pid, n, ch, tail, expiresAtMs, who, until })];
}

export const standChange = (channel: string, stand: Stand | undefined): Change => [
  standPrefix + channel,
  stand && JSON.stringify(stand),
];

export const whoChange = (who: string): Change => [whoKey, JSON.stringify(who)];

/** Sorts rows out. Records of kinds we do not know are left alone. */
export function readRecords(rows: readonly Row[]): Records {
  const items: Item[] = [];
  const stands = new Map<string, Stand>();
  const corrupt: string[] = [];
  let who = "";
  let nextIndex = 1;
  for (const [key, text] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = parsed(text);
    if (key.startsWith(itemPrefix)) {
      const item = itemOf(key, value);
      if (item) items.push(item);
      else corrupt.push(key);
      nextIndex = Math.max(nextIndex, (Number(key.slice(itemPrefix.length)) || 0) + 1);
    } else if (key.startsWith(standPrefix)) {
      if (isStand(value)) stands.set(key.slice(standPrefix.length), [value[0], value[1] ?? undefined]);
      else corrupt.push(key);
    } else if (key === whoKey) {
      if (typeof value === "string") who = value;
      else corrupt.push(key);
    }
  }
  return { items, stands, who, corrupt, nextIndex };
}

/** @throws {SyntaxError} */
export const saidOf = ({ tail }: Pick<Item, "tail">): Said => JSON.parse(`{${tail.slice(1)}`) as Said;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // counted as corrupt by its shape
  }
}

function itemOf(key: string, value: unknown): Item | undefined {
  const { pid, n, ch, tail, expiresAtMs, who, until } = (value ?? {}) as Partial<Record<keyof Item, unknown>>;
  if (typeof pid !== "string" || typeof ch !== "string" || typeof tail !== "string" || typeof who !== "string") return;
  if (typeof n !== "number" || typeof expiresAtMs !== "number" || !(until === undefined || isTimes(until))) return;
  const said = parsed(`{${tail.slice(1)}`) as { readonly ch?: unknown; readonly e?: unknown } | undefined;
  // It is pasted into a frame, where a line break would begin another one.
  if (said?.ch !== ch || typeof said.e !== "string" || /[\r\n]/.test(tail)) return;
  return { key, pid, n, ch, tail, expiresAtMs, who, until };
}

const isTimes = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((time) => typeof time === "number");

function isStand(value: unknown): value is Stand {
  if (!Array.isArray(value)) return false;
  const [position, ticket] = value as unknown[];
  return isPosition(position) && (ticket === null || ticket === undefined || typeof ticket === "string");
}

function isPosition(value: unknown): value is WirePos {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [epoch, offset, tag] = value as unknown[];
  return typeof epoch === "string" && Number.isSafeInteger(offset) && Number.isSafeInteger(tag);
}
