// Reads of a log on behalf of cursors. Cursors at the same position share one read and its frames, so that a storm of
// returning clients costs the store one read per position; all reads of a node share one budget.

import type { Codec, Pos } from "@heddle/protocol";
import type { Engine, Entry, Frame, ReadQuery, ReadResult } from "../ports/index.ts";
import { entryFrame } from "./frames.ts";
import type { ReadBudget } from "../pressure/read-budget.ts";

/** What stands behind a position, with the frames to send. Entries and frames are parallel and shared. */
export interface Slice {
  readonly entries: readonly Entry[];
  frames(codec: Codec): readonly Frame[];
  /** The store's answer; absent for slices of a ring, which are linked by construction. */
  readonly read?: ReadResult;
}

export class Slices {
  readonly #channel: string;
  readonly #alias: number;
  readonly #engine: Engine;
  readonly #reads: ReadBudget;
  readonly #underWay = new Map<string, Promise<Slice>>();

  constructor(channel: string, alias: number, env: { engine: Engine; reads: ReadBudget }) {
    this.#channel = channel;
    this.#alias = alias;
    this.#engine = env.engine;
    this.#reads = env.reads;
  }

  /**
   * @param head  where this node's log stands: an older answer proves nothing
   * @param by  whose turn it is at the store
   * @throws {EngineError}
   */
  after(pos: Pos, bytes: number, head: Pos, by: object): Promise<Slice> {
    const atLeast = pos.epoch === head.epoch && head.offset > pos.offset ? head : pos;
    return this.#shared(by, `${pos.epoch} ${pos.offset} ${pos.tag}`, { after: pos, limit: 1_000, bytes, atLeast });
  }

  /** @throws {EngineError} */
  newest(head: Pos, by: object): Promise<Slice> {
    return this.#shared(by, "newest", { last: 1, limit: 1, bytes: 1, atLeast: head });
  }

  #shared(by: object, key: string, query: ReadQuery): Promise<Slice> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const reading = this.#reads
      .run(by, () => this.#engine.log.read(this.#channel, query))
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
