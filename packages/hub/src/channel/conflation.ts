// Delivery to live `latest` subscriptions: not more often than the channel says, always the newest entry, shared frames.

import type { Clock } from "@heddle/base";
import { samePos, type Codec, type Pos } from "@heddle/protocol";
import {
  positionBefore,
  type BulkSender,
  type ConnectionPort,
  type Entry,
  type Frame,
  type HubCounters,
} from "../ports/index.ts";
import type { Cursor } from "./cursor.ts";
import { conflatedFrame } from "./frames.ts";

/** What the ticker needs of its channel. */
export interface ConflationSource {
  readonly alias: number;
  newestEntry(): Entry | undefined;
  newestFrame(codec: Codec): Frame | undefined;
}

export class Conflation {
  readonly #source: ConflationSource;
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #bulk: BulkSender;
  readonly #cursors = new Set<Cursor>();
  #lastTickMs = -Infinity;
  #timer: Disposable | undefined;

  constructor(source: ConflationSource, everyMs: number, env: { clock: Clock; bulk: BulkSender }) {
    this.#source = source;
    this.#everyMs = everyMs;
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

  /** Gives every cursor that is behind the newest entry. @returns how many got it */
  #tick(): number {
    this.#lastTickMs = this.#clock.monotonicMs();
    const newest = this.#source.newestEntry();
    if (newest === undefined) return 0;
    const before = positionBefore(newest);
    const groups = new Map<string, { frames: readonly Frame[]; ports: ConnectionPort[] }>();
    for (const cursor of this.#cursors) {
      if (samePos(cursor.pos, newest.pos)) continue;
      const { receiver } = cursor;
      const isNext = samePos(cursor.pos, before);
      const key = `${receiver.codec.name}${isNext ? "" : " jump"}`;
      let group = groups.get(key);
      if (group === undefined)
        groups.set(key, (group = { frames: this.#frames(receiver.codec, before, isNext), ports: [] }));
      let cost = 0;
      for (const frame of group.frames) cost += frame.cost;
      if (!receiver.hasRoomFor(cost)) {
        receiver.overflow(); // this cursor leaves the set; iteration goes on with the others
        continue;
      }
      for (const frame of group.frames) receiver.note(frame.cost);
      cursor.sentCount += group.frames.length;
      cursor.moveTo(newest.pos);
      group.ports.push(receiver.port);
    }
    let delivered = 0;
    for (const { frames, ports } of groups.values()) {
      delivered += ports.length;
      if (ports.length > 0) this.#bulk.sendAll(frames, ports);
    }
    return delivered;
  }

  #frames(codec: Codec, before: Pos, isNext: boolean): readonly Frame[] {
    const newest = this.#source.newestFrame(codec);
    if (newest === undefined) return [];
    // The jump is told, so that a subscriber knows how far it was carried without a delivery.
    return isNext ? [newest] : [conflatedFrame(this.#source.alias, before, codec), newest];
  }
}
