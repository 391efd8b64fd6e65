// Reading on for the cursors of one connection, one slice each in turn, until each stands at its log's head or the
// connection has no room. Slow, resuming and snapshot subscribers all come through here. Whoever had no room has the next
// turn when there is some: what one channel has to say may be more than the connection ever takes.

import type { Clock } from "@heddle/base";
import { samePos, type GapCause, type Pos } from "@heddle/protocol";
import { positionBefore, type Frame, type HubCounters } from "../ports/index.ts";
import { classify, gapBetween, isCarriedOver } from "./chain.ts";
import type { Cursor, Receiver } from "./cursor.ts";
import { conflatedFrame, costOf, framesTo, gapFrame, liveFrame, statusFrame } from "./frames.ts";
import type { Slice } from "./slices.ts";

/** Pause before a read is tried again that failed or brought nothing although the log is ahead. */
const retryMinMs = 100;
const retryMaxMs = 5_000;

export class CatchUp {
  readonly #receiver: Receiver;
  readonly #clock: Clock;
  readonly #counters: HubCounters;
  readonly #sliceBytes: number;
  readonly #noRoom: () => void;
  /** In the order they take their turn. Absent while there are none: most connections have read on long ago. */
  #queue: Set<Cursor> | undefined;
  #isScheduled = false;
  #readingCount = 0;
  /** The connection has had no room: until all have read on one reads at a time, or who is answered sooner fills it. */
  #isShort = false;

  /** @param noRoom  called when cursors wait and the connection has no room; `wake` them again when it has */
  constructor(
    receiver: Receiver,
    env: {
      readonly clock: Clock;
      readonly counters: HubCounters;
      readonly limits: { readonly sliceBytes: number };
    },
    noRoom: () => void,
  ) {
    this.#receiver = receiver;
    this.#sliceBytes = env.limits.sliceBytes;
    this.#clock = env.clock;
    this.#counters = env.counters;
    this.#noRoom = noRoom;
  }

  wake(cursor: Cursor): void {
    this.#enqueue(cursor);
    this.#schedule();
  }

  /** The connection has room again: those that waited for it keep their order, the others come behind. */
  goOn(cursors: readonly Cursor[]): void {
    this.#isShort = true;
    for (const cursor of cursors) {
      cursor.go("room");
      this.wake(cursor);
    }
  }

  #enqueue(cursor: Cursor): void {
    (this.#queue ??= new Set()).add(cursor);
  }

  /** It had its turn, and there was no room for anything of it. */
  #enqueueFirst(cursor: Cursor): void {
    this.#queue = new Set([cursor, ...(this.#queue ?? [])]);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.turnEnd(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  #run(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    for (const cursor of queue) {
      if (cursor.state === "lagging") continue; // keeps its place
      if (cursor.state !== "catchup" || cursor.isReading) {
        queue.delete(cursor);
        continue;
      }
      if (!this.#receiver.hasRoomFor(1)) return this.#noRoom();
      if (this.#isShort && this.#readingCount > 0) return; // the answer leads on
      queue.delete(cursor);
      this.#advance(cursor);
      if (this.#queue?.has(cursor)) return this.#schedule(); // the others, and other connections, have their turn
    }
    if (queue.size > 0) return;
    this.#queue = undefined;
    this.#isShort = this.#readingCount > 0 && this.#isShort;
  }

  #advance(cursor: Cursor): void {
    const { channel, pos } = cursor;
    if (channel.isAtHead(pos)) return this.#reach(cursor);
    const isForAll = cursor.mode === "resume" || (cursor.mode === "volatile" && !cursor.mustJump);
    if (isForAll) return this.#readOn(cursor);
    if (cursor.isUnproven || isBeyond(pos, channel.head)) return this.#askProof(cursor);
    if (cursor.mode === "volatile") return this.#jump(cursor);
    if (cursor.mode === "key") {
      const held = channel.heldByKey(pos);
      if (held === undefined) return this.#readOn(cursor);
      if (held.is === "lost") return this.#tellGap(cursor, "overflow", held.lostTo);
      return this.#deliverByKey(cursor, held.slice);
    }
    const readNewest = (): Promise<Slice> => channel.readNewest(this.#receiver);
    return this.#read(cursor, channel.heldNewest(), readNewest, (slice) => this.#deliverNewest(cursor, slice));
  }

  /** Entry by entry. */
  #readOn(cursor: Cursor): void {
    const { channel, pos } = cursor;
    const held = channel.heldAfter(pos, this.#receiver.codec);
    const ask = (): Promise<Slice> => channel.readAfter(pos, this.#receiver);
    this.#read(cursor, held, ask, (slice) => this.#deliver(cursor, slice));
  }

  /** Takes what is held, else what the store answers, unless the cursor has moved meanwhile. */
  #read(cursor: Cursor, held: Slice | undefined, ask: () => Promise<Slice>, take: (slice: Slice) => void): void {
    if (held !== undefined) return take(held);
    const asked = cursor.pos;
    this.#setReading(cursor, true);
    void ask().then(
      (slice) => {
        this.#setReading(cursor, false);
        this.#schedule();
        if (cursor.state === "lagging") this.#enqueueFirst(cursor);
        if (cursor.state !== "catchup") return;
        if (samePos(asked, cursor.pos)) take(slice);
        else this.#enqueue(cursor); // it was moved meanwhile: the question was another one
      },
      () => {
        this.#setReading(cursor, false);
        this.#schedule();
        this.#retry(cursor);
      },
    );
  }

  #setReading(cursor: Cursor, is: boolean): void {
    cursor.isReading = is;
    this.#readingCount += is ? 1 : -1;
  }

  /** The cursor stands at the head: from here on it is pushed to. */
  #reach(cursor: Cursor): void {
    const { channel } = cursor;
    const { codec } = this.#receiver;
    cursor.retryMs = 0;
    channel.pushHeld();
    if (cursor.state !== "catchup") return; // that was more than this connection takes
    cursor.go("reached");
    if (channel.isDurable) this.#receiver.send(liveFrame(channel.alias, cursor.pos, codec));
    if (cursor.isToldLagging) this.#receiver.send(statusFrame(channel.alias, "live", codec));
    cursor.isToldLagging = cursor.mustJump = false;
    if (!cursor.withPresence || !cursor.presenceIsStale) return;
    cursor.presenceIsStale = false;
    const frame = channel.presenceFrame(codec);
    if (frame !== undefined) this.#receiver.send(frame);
  }

  #deliver(cursor: Cursor, slice: Slice): void {
    const { head } = cursor.channel;
    const missed = slice.read && classify(cursor.pos, slice.read);
    if (missed !== undefined) return this.#tellGap(cursor, missed.why, missed.to);
    const frames = slice.frames(this.#receiver.codec);
    let sent = 0;
    for (const [index, entry] of slice.entries.entries()) {
      // The store may be ahead of what was pushed here: live cursors get those entries first, this one with them.
      if (entry.pos.epoch !== head.epoch || entry.pos.offset > head.offset) break;
      const frame = frames[index];
      if (frame === undefined || !this.#receiver.hasRoomFor(frame.cost)) return this.#stop(cursor, sent);
      this.#receiver.send(frame);
      cursor.sentCount++;
      cursor.moveTo(entry.pos);
      sent++;
    }
    this.#counters.deliveries += sent;
    if (sent > 0) this.#enqueue(cursor);
    else this.#doubt(cursor);
  }

  /** A cursor that does not read entry by entry stands where this node's log is not: either it is not on the log, or this node is late. The store knows. */
  #askProof(cursor: Cursor): void {
    const { channel, pos } = cursor;
    const { head } = channel;
    const ask = (): Promise<Slice> => channel.readAfter(pos, this.#receiver);
    this.#read(cursor, undefined, ask, ({ read }) => {
      const missed = read && classify(pos, read);
      if (missed !== undefined && !isCarriedOver(cursor.mode, missed.why, channel.hasPhantoms))
        return this.#tellGap(cursor, missed.why, missed.to);
      if (cursor.isUnproven) {
        cursor.isUnproven = false;
        return void this.#enqueue(cursor);
      }
      if (samePos(head, channel.head)) return this.#doubt(cursor); // this node is late, and does not notice by itself
      this.#enqueue(cursor);
    });
  }

  /** A cursor that is not told what lies between goes on from now. */
  #jump(cursor: Cursor): void {
    const { channel } = cursor;
    const { head } = channel;
    this.#receiver.send(conflatedFrame(channel.alias, head, this.#receiver.codec));
    cursor.sentCount++;
    cursor.moveTo(head);
    this.#enqueue(cursor);
  }

  /** The newest entries of their keys, in log order; what lies between is skipped. */
  #deliverByKey(cursor: Cursor, slice: Slice): void {
    const { alias } = cursor.channel;
    const { codec } = this.#receiver;
    const frames = slice.frames(codec);
    let cost = 0;
    for (const [index, entry] of slice.entries.entries()) {
      const steps = framesTo(alias, cursor.pos, entry, frames[index] as Frame, codec);
      const stepCost = costOf(steps);
      if (cost > 0 && cost + stepCost > this.#sliceBytes) break;
      if (!this.#receiver.hasRoomFor(stepCost)) return this.#stop(cursor, cost);
      for (const frame of steps) this.#receiver.send(frame);
      cursor.sentCount += steps.length;
      cursor.moveTo(entry.pos);
      cost += stepCost;
      this.#counters.deliveries++;
    }
    if (cost > 0) this.#enqueue(cursor);
    else this.#doubt(cursor);
  }

  /** A `latest` cursor jumps to the newest entry, however far behind it is. */
  #deliverNewest(cursor: Cursor, slice: Slice): void {
    const { channel, pos } = cursor;
    const { head } = channel;
    // The log may have moved while the store was asked: then the question was another one.
    if (channel.isAtHead(pos) || isBeyond(pos, head)) return void this.#enqueue(cursor);
    const newest = slice.entries.at(-1);
    const isCurrent = samePos(newest?.pos ?? slice.read?.head ?? pos, head);
    if (!isCurrent) return this.#doubt(cursor);
    if (newest === undefined) {
      // All of it has expired.
      return isCarriedOver(cursor.mode, "expired", channel.hasPhantoms)
        ? this.#jump(cursor)
        : this.#tellGap(cursor, "expired", head);
    }
    const before = positionBefore(newest);
    // A subscriber of a log that lost its tail can stand beside the newest entry's predecessor: there is no way on from there.
    if (isBeyond(pos, before)) return this.#askProof(cursor);
    const { codec } = this.#receiver;
    if (!samePos(before, pos)) {
      this.#receiver.send(conflatedFrame(channel.alias, before, codec));
      cursor.sentCount++;
    }
    const frame = slice.frames(codec).at(-1);
    if (frame !== undefined) this.#receiver.send(frame);
    cursor.sentCount++;
    cursor.moveTo(newest.pos);
    this.#counters.deliveries++;
    this.#enqueue(cursor);
  }

  #tellGap(cursor: Cursor, why: GapCause, to: Pos): void {
    const from = cursor.pos;
    cursor.isUnproven = false;
    this.#counters.gaps[why]++;
    this.#receiver.send(gapFrame(cursor.channel.alias, gapBetween(why, from, to), from, this.#receiver.codec));
    cursor.sentCount++;
    cursor.moveTo(to);
    this.#enqueue(cursor);
  }

  /** There is no room. @param sent  how much it was given before that */
  #stop(cursor: Cursor, sent: number): void {
    if (sent > 0) this.#enqueue(cursor);
    else this.#enqueueFirst(cursor);
    this.#noRoom();
  }

  /** The store has nothing behind this cursor although it is not at the head we know: one of the two is stale. */
  #doubt(cursor: Cursor): void {
    cursor.channel.suspect();
    this.#retry(cursor);
  }

  #retry(cursor: Cursor): void {
    const waitMs = cursor.retryMs || retryMinMs;
    cursor.retryMs = Math.min(2 * waitMs, retryMaxMs);
    this.#clock.after(waitMs, () => this.wake(cursor));
  }
}

/**
 * Whether a position, other than `head`, lies where this node's log has come to or beyond, or on another log: the store
 * knows more, or the position is on no log any more. A node that is late must not lead a subscriber back.
 */
const isBeyond = (pos: Pos, head: Pos): boolean =>
  (pos.epoch !== head.epoch || pos.offset >= head.offset) && !samePos(pos, head);
