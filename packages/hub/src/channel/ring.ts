// The newest entries of one channel on this node, chained without holes, with their frames. Bounded by count and bytes;
// what falls out is read from the store. Knows no cursor.

import { samePos, type Codec, type Pos } from "@heddle/protocol";
import { positionBefore, type Entry, type Frame } from "../ports/index.ts";
import { entryFrame } from "./frames.ts";

/** Cost of an entry's objects, on top of its data; an estimate for the node's budget. */
const entryOverheadBytes = 200;

/** What all rings of a node hold together. */
export interface RingBudget {
  bytesMax: number;
  bytes: number;
}

export class Ring {
  readonly #alias: number;
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #budget: RingBudget;
  #entries: Entry[] = [];
  /** Frames by codec name, parallel to `#entries`; empty until somebody needs them. */
  #frames: (Partial<Record<Codec["name"], Frame>> | undefined)[] = [];
  #start = 0;
  #bytes = 0;

  constructor(alias: number, limits: { readonly countMax: number; readonly bytesMax: number }, budget: RingBudget) {
    this.#alias = alias;
    this.#countMax = limits.countMax;
    this.#bytesMax = limits.bytesMax;
    this.#budget = budget;
  }

  get count(): number {
    return this.#entries.length - this.#start;
  }

  get newest(): Entry | undefined {
    return this.#start === this.#entries.length ? undefined : this.#entries.at(-1);
  }

  /** Adds an entry that follows the newest one. The caller has checked the chain. */
  push(entry: Entry): void {
    const bytes = sizeOf(entry);
    this.#entries.push(entry);
    this.#frames.push(undefined);
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
    this.shrink();
  }

  /** Drops the oldest while there are too many, or the node's rings hold too much; the newest stays. */
  shrink(): void {
    const isOverBudget = (): boolean => this.#bytes > this.#bytesMax || this.#budget.bytes > this.#budget.bytesMax;
    while (this.count > 1 && (this.count > this.#countMax || isOverBudget())) this.#dropOldest();
  }

  clear(): void {
    this.#budget.bytes -= this.#bytes;
    this.#entries = [];
    this.#frames = [];
    this.#start = 0;
    this.#bytes = 0;
  }

  /** Whether exactly this position's entry is here. */
  has(pos: Pos): boolean {
    const entry = this.#entries[this.#indexOf(pos.offset)];
    return entry !== undefined && samePos(entry.pos, pos);
  }

  /** Whether `pos` stands directly before, or is, an entry held here. */
  isBefore(pos: Pos): boolean {
    return this.#indexAfter(pos) !== undefined;
  }

  /**
   * The frames behind `pos`, up to `bytesMax` of cost but at least one; undefined when the ring cannot prove that
   * `pos` stands directly before what it holds.
   */
  framesAfter(pos: Pos, codec: Codec, bytesMax: number): { frames: Frame[]; entries: Entry[] } | undefined {
    const from = this.#indexAfter(pos);
    if (from === undefined) return undefined;
    const taken: { frames: Frame[]; entries: Entry[] } = { frames: [], entries: [] };
    let cost = 0;
    for (let index = from; index < this.#entries.length; index++) {
      const frame = this.#frameAt(index, codec);
      if (taken.frames.length > 0 && cost + frame.cost > bytesMax) break;
      cost += frame.cost;
      taken.frames.push(frame);
      taken.entries.push(this.#entries[index] as Entry);
    }
    return taken;
  }

  /** The shared frame of the newest entry. */
  newestFrame(codec: Codec): Frame | undefined {
    return this.newest === undefined ? undefined : this.#frameAt(this.#entries.length - 1, codec);
  }

  /** The shared frame of an entry, which may have been let go of. */
  frameOf(entry: Entry, codec: Codec): Frame {
    const index = this.#indexOf(entry.pos.offset);
    return this.#entries[index] === entry ? this.#frameAt(index, codec) : entryFrame(this.#alias, entry, codec);
  }

  #frameAt(index: number, codec: Codec): Frame {
    const frames = (this.#frames[index] ??= {});
    return (frames[codec.name] ??= entryFrame(this.#alias, this.#entries[index] as Entry, codec));
  }

  #indexAfter(pos: Pos): number | undefined {
    const oldest = this.#entries[this.#start];
    if (oldest === undefined) return undefined;
    if (samePos(positionBefore(oldest), pos)) return this.#start;
    return this.has(pos) ? this.#indexOf(pos.offset) + 1 : undefined;
  }

  /** Binary search by offset, since offsets rise but need not be dense. */
  #indexOf(offset: number): number {
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as Entry).pos.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropOldest(): void {
    const bytes = sizeOf(this.#entries[this.#start] as Entry);
    this.#start++;
    this.#bytes -= bytes;
    this.#budget.bytes -= bytes;
    if (this.#start < 64 || this.#start * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start); // amortised: half of the array is free
    this.#frames = this.#frames.slice(this.#start);
    this.#start = 0;
  }
}

/** What an entry takes in memory, about. Bytes. */
export const sizeOf = (entry: Entry): number => entry.data.length + entryOverheadBytes;
