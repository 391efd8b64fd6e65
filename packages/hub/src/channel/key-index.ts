// The newest entry of each key of one channel, in log order: what `key` subscribers read instead of the log. Bounded by
// count and bytes; what is let go is a gap for whoever has not read it. Knows no cursor.

import { samePos, type Codec, type Pos } from "@heddle/protocol";
import { positionBefore, type Entry, type Frame } from "../ports/index.ts";
import { entryFrame } from "./frames.ts";
import { sizeOf, type RingBudget } from "./ring.ts";
import type { Slice } from "./slices.ts";

export interface KeyIndexLimits {
  /** Keys held at most. */
  readonly countMax: number;
  /** Bytes of their entries at most. */
  readonly bytesMax: number;
}

/** What stands behind a position: the newest entries of their keys, or that some were let go up to `lostTo`. */
export type ByKey = { readonly is: "held"; readonly slice: Slice } | { readonly is: "lost"; readonly lostTo: Pos };

interface Kept {
  readonly entry: Entry;
  readonly frames: Map<Codec, Frame>;
}

export class KeyIndex {
  readonly #alias: number;
  readonly #limits: KeyIndexLimits;
  readonly #budget: RingBudget;
  /** A key that is written again goes to the end, so this is the order of the log. */
  #newest = new Map<string, Kept>();
  #bytes = 0;
  /** Everything behind this position was seen. */
  #floor: Pos;
  /** The newest of those let go. */
  #lostTo: Pos | undefined;

  /** @param floor  the log's head: what follows will be pushed */
  constructor(alias: number, limits: KeyIndexLimits, budget: RingBudget, floor: Pos) {
    this.#alias = alias;
    this.#limits = limits;
    this.#budget = budget;
    this.#floor = floor;
  }

  /** Takes an entry that follows everything here. */
  push(entry: Entry): void {
    const key = keyOf(entry);
    this.#drop(key);
    this.#newest.set(key, { entry, frames: new Map() });
    const bytes = sizeOf(entry);
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
    this.#shrinkTo(this.#limits.countMax, this.#limits.bytesMax);
  }

  /**
   * Takes what stands before the floor, read back from the store, oldest first. What the read has beyond the floor is
   * pushed as well and left to that; a read of another log than the one pushed here is of no use.
   */
  addOlder(entries: readonly Entry[]): void {
    const older = entries.filter(({ pos }) => pos.epoch === this.#floor.epoch && pos.offset <= this.#floor.offset);
    const [oldest] = older;
    const last = older.at(-1);
    if (oldest === undefined || last === undefined || !samePos(last.pos, this.#floor)) return;
    const pushed = [...this.#newest.values()];
    this.clear();
    this.#floor = positionBefore(oldest);
    for (const entry of older) this.push(entry);
    for (const { entry } of pushed) this.push(entry);
  }

  /** What stands behind `pos`; undefined when this index cannot tell, and the log itself must be read. */
  behind(pos: Pos): ByKey | undefined {
    const floor = this.#floor;
    if (pos.epoch !== floor.epoch || pos.offset < floor.offset) return undefined;
    if (pos.offset === floor.offset && pos.tag !== floor.tag) return undefined;
    if (this.#lostTo !== undefined && pos.offset < this.#lostTo.offset) return { is: "lost", lostTo: this.#lostTo };
    const kept = [...this.#newest.values()].filter(({ entry }) => entry.pos.offset > pos.offset);
    const entries = kept.map(({ entry }) => entry);
    return { is: "held", slice: { entries, frames: (codec) => kept.map((each) => this.#frameOf(each, codec)) } };
  }

  /** Where a subscription begins that wants the newest entries of up to `count` keys. */
  startOfLast(count: number): Pos {
    const first = [...this.#newest.values()].slice(-count)[0];
    return first === undefined ? this.#floor : positionBefore(first.entry);
  }

  /** Lets go of the oldest until no more than this is left. */
  #shrinkTo(count: number, bytes: number): void {
    while (this.#newest.size > 1 && (this.#newest.size > count || this.#bytes > bytes)) {
      for (const [key, { entry }] of this.#newest) {
        this.#lostTo = entry.pos;
        this.#drop(key);
        break;
      }
    }
  }

  /** Forgets everything held. */
  clear(): void {
    this.#budget.bytes -= this.#bytes;
    this.#bytes = 0;
    this.#newest = new Map();
  }

  #drop(key: string): void {
    const known = this.#newest.get(key);
    if (known === undefined) return;
    const bytes = sizeOf(known.entry);
    this.#newest.delete(key);
    this.#bytes -= bytes;
    this.#budget.bytes -= bytes;
  }

  #frameOf({ entry, frames }: Kept, codec: Codec): Frame {
    let frame = frames.get(codec);
    if (frame === undefined) frames.set(codec, (frame = entryFrame(this.#alias, entry, codec)));
    return frame;
  }
}

/** Entries without a key share one; a marker is delivered as a `skip` and conflates with other markers alone. */
const keyOf = ({ type, key }: Entry): string => (type === "data" ? `k${key}` : "marker");
