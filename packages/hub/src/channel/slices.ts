// Reads of a log on behalf of cursors. Cursors at the same position share one read and its frames, so that a storm of
// returning clients costs the store one read per position; all reads of a node share a bounded number of slots.

import type { Codec, Pos } from "@heddle/protocol";
import type { Engine, Entry, Frame, HubCounters, ReadQuery, ReadResult } from "../ports/index.ts";
import { entryFrame } from "./frames.ts";

/** What stands behind a position, with the frames to send. Entries and frames are parallel and shared. */
export interface Slice {
  readonly entries: readonly Entry[];
  frames(codec: Codec): readonly Frame[];
  /** The store's answer; absent for slices of a ring, which are linked by construction. */
  readonly read?: ReadResult;
}

/** Bounds how many store reads a node has under way; further ones wait in the order they came. */
export class ReadSlots {
  readonly #max: number;
  #used = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param max  1…10_000 */
  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#used >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#used++;
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#used--;
      else next(); // the slot passes on
    }
  }
}

export class Slices {
  readonly #channel: string;
  readonly #alias: number;
  readonly #engine: Engine;
  readonly #slots: ReadSlots;
  readonly #counters: HubCounters;
  readonly #underWay = new Map<string, Promise<Slice>>();

  constructor(channel: string, alias: number, env: { engine: Engine; readSlots: ReadSlots; counters: HubCounters }) {
    this.#channel = channel;
    this.#alias = alias;
    this.#engine = env.engine;
    this.#slots = env.readSlots;
    this.#counters = env.counters;
  }

  /** @throws {EngineError} */
  after(pos: Pos, bytes: number): Promise<Slice> {
    return this.#shared(`${pos.epoch} ${pos.offset} ${pos.tag}`, { after: pos, limit: 1_000, bytes });
  }

  /** @throws {EngineError} */
  newest(): Promise<Slice> {
    return this.#shared("newest", { last: 1, limit: 1, bytes: 1 });
  }

  #shared(key: string, query: ReadQuery): Promise<Slice> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const reading = this.#slots
      .run(() => {
        this.#counters.storeReads++;
        return this.#engine.log.read(this.#channel, query);
      })
      .then((read) => this.#sliceOf(read))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reading);
    return reading;
  }

  #sliceOf(read: ReadResult): Slice {
    const frames = new Map<Codec, readonly Frame[]>();
    return {
      entries: read.entries,
      read,
      frames: (codec) => {
        let made = frames.get(codec);
        if (made === undefined) {
          made = read.entries.map((entry) => entryFrame(this.#alias, entry, codec));
          frames.set(codec, made);
        }
        return made;
      },
    };
  }
}
