// Delivery to live `latest` and `key` subscriptions: not more often than the channel says, the newest entry, or the newest of
// each key that changed; shared frames.

import type { Clock } from "@heddle/base";
import type { Codec, Pos } from "@heddle/protocol";
import type { BulkSender, ConnectionPort, Frame, HubCounters } from "../ports/index.ts";
import type { Cursor } from "./cursor.ts";
import { costOf, framesTo } from "./frames.ts";
import type { Slice } from "./slices.ts";

/** What the ticker needs of its channel. */
export interface ConflationSource {
  readonly alias: number;
  /** What a subscriber of this mode at `pos` is to get now; undefined when it must read on by itself. */
  pending(pos: Pos, mode: Cursor["mode"]): Slice | undefined;
}

/** What all cursors at one place get. */
interface Batch {
  readonly frames: readonly Frame[];
  readonly cost: number;
  readonly to: Pos;
  readonly ports: ConnectionPort[];
}

export class Conflation {
  readonly #source: ConflationSource;
  readonly #everyMs: number;
  readonly #batchCost: number;
  readonly #clock: Clock;
  readonly #bulk: BulkSender;
  readonly #cursors = new Set<Cursor>();
  #lastTickMs = -Infinity;
  #timer: Disposable | undefined;

  /** @param everyMs  least time between two deliveries; 0: at the next turn */
  constructor(
    source: ConflationSource,
    everyMs: number,
    env: { clock: Clock; bulk: BulkSender; limits: { readonly sliceBytes: number } },
  ) {
    this.#source = source;
    this.#everyMs = everyMs;
    this.#batchCost = env.limits.sliceBytes;
    this.#clock = env.clock;
    this.#bulk = env.bulk;
  }

  get count(): number {
    return this.#cursors.size;
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
  }

  remove(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  all(): Cursor[] {
    return [...this.#cursors];
  }

  /** A newer entry exists. Delivered at once when the last delivery is long enough ago, else when it will be. */
  changed(counters: HubCounters): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastTickMs + this.#everyMs - this.#clock.monotonicMs();
    // Even a delivery that is due waits for the log's head to move on, so that no cursor is ahead of it.
    this.#timer = this.#clock.after(Math.max(0, waitMs), () => {
      this.#timer = undefined;
      counters.deliveries += this.#tick();
    });
  }

  /** Sends a volatile event to every cursor that has room. */
  pushVolatile(frameFor: (codec: Codec) => Frame): { sentCount: number; dropCount: number } {
    const frames = new Map<Codec, Frame>();
    let sentCount = 0;
    for (const { receiver } of this.#cursors) {
      let frame = frames.get(receiver.codec);
      if (frame === undefined) frames.set(receiver.codec, (frame = frameFor(receiver.codec)));
      if (!receiver.hasRoomFor(frame.cost)) continue;
      receiver.send(frame);
      sentCount++;
    }
    return { sentCount, dropCount: this.#cursors.size - sentCount };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** Gives every cursor what is new to it. @returns how many entries went out */
  #tick(): number {
    this.#lastTickMs = this.#clock.monotonicMs();
    const batches = new Map<string, Batch | undefined>();
    for (const cursor of this.#cursors) {
      const { receiver, pos, mode } = cursor;
      const place = `${receiver.codec.name} ${mode} ${pos.epoch} ${pos.offset} ${pos.tag}`;
      let batch = batches.get(place);
      if (batch === undefined && !batches.has(place))
        batches.set(place, (batch = this.#batch(pos, mode, receiver.codec)));
      if (batch === undefined) {
        cursor.go("behind"); // this cursor leaves the set; iteration goes on with the others
        receiver.wake(cursor);
      } else if (batch.frames.length > 0) this.#give(cursor, batch);
    }
    let delivered = 0;
    for (const batch of batches.values()) {
      if (batch === undefined || batch.ports.length === 0) continue;
      delivered += batch.ports.length * batch.frames.filter(({ kind }) => kind === "m").length;
      this.#bulk.sendAll(batch.frames, batch.ports);
    }
    return delivered;
  }

  #give(cursor: Cursor, { frames, cost, to, ports }: Batch): void {
    const { receiver } = cursor;
    if (!receiver.hasRoomFor(cost)) return receiver.overflow(); // it leaves the set, too
    for (const frame of frames) receiver.note(frame.cost);
    cursor.sentCount += frames.length;
    cursor.moveTo(to);
    ports.push(receiver.port);
  }

  /** Undefined: too much to be pushed at once, or not here. A jump is told, so that a subscriber knows how far it was carried. */
  #batch(pos: Pos, mode: Cursor["mode"], codec: Codec): Batch | undefined {
    const slice = this.#source.pending(pos, mode);
    if (slice === undefined) return undefined;
    const made = slice.frames(codec);
    const frames: Frame[] = [];
    let to = pos;
    for (const [index, entry] of slice.entries.entries()) {
      frames.push(...framesTo(this.#source.alias, to, entry, made[index] as Frame, codec));
      to = entry.pos;
    }
    const cost = costOf(frames);
    if (slice.entries.length > 1 && cost > this.#batchCost) return undefined;
    return { frames, cost, to, ports: [] };
  }
}
