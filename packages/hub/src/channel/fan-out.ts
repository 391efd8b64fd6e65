// To whom a channel's news goes now, and when: live subscribers that are pushed everything, live ones that are not told
// everything, and what waits so that more of it leaves in one write. Knows no log.

import type { Clock } from "@heddle/base";
import type { Codec, Pos, PublicationBody } from "@heddle/protocol";
import type { BulkSender, ChannelPolicy, Entry, Frame, HubCounters } from "../ports/index.ts";
import { Conflation, type ConflationSource } from "./conflation.ts";
import type { Cursor } from "./cursor.ts";
import { volatileFrame } from "./frames.ts";
import { HeldPushes, type FlushTimes } from "./held-pushes.ts";
import { LiveSet } from "./live-set.ts";

export interface FanOutEnv {
  readonly clock: Clock;
  readonly bulk: BulkSender;
  readonly counters: HubCounters;
  readonly flushTimes: FlushTimes;
  /** Whether volatile events are too much now. */
  readonly dropsVolatile: () => boolean;
  readonly limits: { readonly sliceBytes: number };
}

export interface FanOutSource extends ConflationSource {
  /** The log's head; while an entry is accepted, still its predecessor. */
  readonly head: Pos;
  /** The shared frame of an entry. */
  frameOf(entry: Entry, codec: Codec): Frame;
}

export class FanOut {
  readonly #source: FanOutSource;
  readonly #env: FanOutEnv;
  readonly #live: LiveSet;
  readonly #conflation: Conflation;
  readonly #held: HeldPushes;

  constructor(source: FanOutSource, { everyMs, flushMs = 0 }: ChannelPolicy, env: FanOutEnv) {
    this.#source = source;
    this.#env = env;
    this.#live = new LiveSet(env.bulk);
    this.#conflation = new Conflation(source, everyMs, env);
    this.#held = new HeldPushes(flushMs, env.flushTimes, env.limits.sliceBytes, () => this.flush());
  }

  /** Where live cursors stand that are pushed to. */
  get at(): Pos {
    return this.#held.from ?? this.#source.head;
  }

  /** The cursor stands at the log's head, and `flush` was called since it got there. */
  join(cursor: Cursor): void {
    (cursor.isPushed ? this.#live : this.#conflation).add(cursor);
  }

  leave(cursor: Cursor): void {
    (cursor.isPushed ? this.#live : this.#conflation).remove(cursor);
  }

  /** All live cursors; the list is the caller's. */
  all(): Cursor[] {
    return [...this.#live.all(), ...this.#conflation.all()];
  }

  /** The next entry of the log. */
  entry(entry: Entry): void {
    if (this.#count === 0 || this.#held.add({ entry }, this.#source.head)) return;
    this.flush();
    this.#push(entry);
  }

  /** Volatile events go to whoever has room when they are pushed, and to nobody later. */
  volatile(body: PublicationBody): void {
    if (this.#env.dropsVolatile()) this.#env.counters.volatileDrops += this.#count;
    else if (this.#count > 0 && !this.#held.add({ volatile: body }, undefined)) this.#pushVolatile(body);
  }

  /** What is held is pushed now. It may leave connections without room: their cursors are live no more. */
  flush(): void {
    if (this.#held.isEmpty) return;
    for (const push of this.#held.take()) {
      if ("entry" in push) this.#push(push.entry);
      else this.#pushVolatile(push.volatile);
    }
  }

  [Symbol.dispose](): void {
    this.#held.clear();
    this.#conflation[Symbol.dispose]();
  }

  get #count(): number {
    return this.#live.count + this.#conflation.count;
  }

  #push(entry: Entry): void {
    const { counters } = this.#env;
    if (entry.type === "data" && this.#conflation.count > 0) this.#conflation.changed(counters);
    const { sent, refused } = this.#live.push((codec) => this.#source.frameOf(entry, codec));
    counters.deliveries += sent;
    // `at` is still the predecessor: that is where a refused cursor stands.
    for (const cursor of refused) {
      if (cursor.mode === "volatile") counters.volatileDrops++;
      else cursor.receiver.overflow();
    }
  }

  #pushVolatile(body: PublicationBody): void {
    const { counters } = this.#env;
    const frameFor = (codec: Codec): Frame => volatileFrame(this.#source.alias, body, codec);
    const { sent, refused } = this.#live.push(frameFor);
    counters.volatileDeliveries += sent;
    counters.volatileDrops += refused.length;
    const { sentCount, dropCount } = this.#conflation.pushVolatile(frameFor);
    counters.volatileDeliveries += sentCount;
    counters.volatileDrops += dropCount;
  }
}
