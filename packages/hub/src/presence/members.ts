// Who is in a channel, as all nodes together say it: one map a node, each written by that node alone, and what they come
// to. Several sessions may be one member. Pure: knows no time, no bus and no frame.

import type { WireMember } from "@heddle/protocol";

/** One session in a channel, as the node that hosts it tells the others. */
export interface Entry {
  readonly x: string;
  /** Raised by the client with every enter, update and leave: of two entries of a session the higher one counts. */
  readonly ver: number;
  /** Whom it counts as: sessions with one key are one member. */
  readonly key: string;
  readonly u?: string;
  readonly d?: unknown;
  /** When it entered or changed, by the wall clock of its node. Of the sessions of a member the latest one speaks. */
  readonly at: number;
  /** Characters of the member's text. */
  readonly bytes: number;
}

/** A session that left by its own word, and the version of that word. */
export type Gone = readonly [x: string, ver: number];

/** A member as clients see it; `x` is its key. */
export interface Member extends WireMember {
  readonly x: string;
  readonly ver: number;
}

export const memberOf = ({ key, ver, u, d }: Entry): Member => ({
  x: key,
  ver,
  ...(u === undefined ? {} : { u }),
  ...(d === undefined ? {} : { d }),
});

export class Members {
  readonly #changed: (key: string) => void;
  readonly #maps = new Map<string, Map<string, Entry>>();
  readonly #gone = new Map<string, number>();
  /** Of every session the entry that counts. */
  readonly #sessions = new Map<string, Entry>();
  /** Of every member its sessions, the one that speaks first. */
  readonly #byKey = new Map<string, readonly Entry[]>();
  #sorted: readonly string[] | undefined;
  #bytes = 0;

  /** @param changed  a member came, left, or is seen otherwise than before */
  constructor(changed: (key: string) => void) {
    this.#changed = changed;
  }

  get count(): number {
    return this.#byKey.size;
  }

  /** Characters of all members' texts together. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Member | undefined {
    const speaker = this.#byKey.get(key)?.[0];
    return speaker && memberOf(speaker);
  }

  /** Characters of one member's text. */
  bytesOf(key: string): number {
    return this.#byKey.get(key)?.[0]?.bytes ?? 0;
  }

  all(): readonly Member[] {
    return this.sample(this.count);
  }

  /** Up to `count` of them, those that have been here longest: much the same ones at every look. */
  sample(count: number): readonly Member[] {
    const some: Member[] = [];
    for (const [speaker] of this.#byKey.values()) {
      if (some.length >= count) break;
      some.push(memberOf(speaker as Entry));
    }
    return some;
  }

  /** Keys in order, those behind `after` alone. */
  keysAfter(after: string | undefined): readonly string[] {
    const sorted = (this.#sorted ??= [...this.#byKey.keys()].sort());
    if (after === undefined) return sorted;
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as string) > after) high = middle;
      else low = middle + 1;
    }
    return sorted.slice(low);
  }

  /** The entry that counts for a session. */
  session(x: string): Entry | undefined {
    return this.#sessions.get(x);
  }

  /** The highest version of a session's leave that is remembered; 0 for none. */
  goneVersion(x: string): number {
    return this.#gone.get(x) ?? 0;
  }

  /** What one node says. Read only. */
  of(map: string): ReadonlyMap<string, Entry> {
    return this.#maps.get(map) ?? nobody;
  }

  set(map: string, entry: Entry): void {
    let entries = this.#maps.get(map);
    if (entries === undefined) this.#maps.set(map, (entries = new Map<string, Entry>()));
    entries.set(entry.x, entry);
    this.#settle(entry.x);
  }

  delete(map: string, x: string): void {
    if (this.#maps.get(map)?.delete(x)) this.#settle(x);
  }

  /** A node's whole map is no more. */
  drop(map: string): void {
    const entries = this.#maps.get(map);
    this.#maps.delete(map);
    for (const x of entries?.keys() ?? []) this.#settle(x);
  }

  /** The session left: no entry up to `ver` counts, whoever still has one. */
  leave(x: string, ver: number): void {
    if (ver <= this.goneVersion(x)) return;
    this.#gone.set(x, ver);
    this.#settle(x);
  }

  /** Nobody can have an older entry any more. */
  forgetLeave([x, ver]: Gone): void {
    if (this.#gone.get(x) !== ver) return;
    this.#gone.delete(x);
    this.#settle(x);
  }

  #settle(x: string): void {
    const before = this.#sessions.get(x);
    const now = this.#counting(x);
    if (now === before) return;
    if (now === undefined) this.#sessions.delete(x);
    else this.#sessions.set(x, now);
    // In one step where it stays the same member: it must not be gone in between.
    if (before !== undefined && before.key === now?.key) return this.#regroup(before.key, before, now);
    if (before !== undefined) this.#regroup(before.key, before, undefined);
    if (now !== undefined) this.#regroup(now.key, undefined, now);
  }

  #counting(x: string): Entry | undefined {
    let best: Entry | undefined;
    for (const entries of this.#maps.values()) {
      const entry = entries.get(x);
      if (entry !== undefined && (best === undefined || entry.ver > best.ver)) best = entry;
    }
    return best !== undefined && best.ver > this.goneVersion(x) ? best : undefined;
  }

  #regroup(key: string, without: Entry | undefined, withEntry: Entry | undefined): void {
    const before = this.#byKey.get(key) ?? [];
    const others = before.filter((entry) => entry !== without);
    const now = withEntry === undefined ? others : [...others, withEntry].sort(speaksFirst);
    if (before.length === 0 || now.length === 0) this.#sorted = undefined;
    if (now.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, now);
    const [old] = before;
    const [speaker] = now;
    this.#bytes += (speaker?.bytes ?? 0) - (old?.bytes ?? 0);
    if (old === undefined || speaker === undefined || !isSeenAlike(old, speaker)) this.#changed(key);
  }
}

const nobody: ReadonlyMap<string, Entry> = new Map();

const speaksFirst = (a: Entry, b: Entry): number => b.at - a.at || (a.x < b.x ? -1 : 1);

/** Who only comes back on another connection looks as before, and nobody needs to be told. */
const isSeenAlike = (a: Entry, b: Entry): boolean =>
  a === b || (a.bytes === b.bytes && a.u === b.u && JSON.stringify(a.d) === JSON.stringify(b.d));
