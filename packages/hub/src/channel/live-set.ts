// The live cursors of one channel, grouped so that a publication is one frame and one bulk send per codec.

import type { Codec } from "@heddle/protocol";
import type { BulkSender, ConnectionPort, Frame } from "../ports/index.ts";
import type { Cursor, Receiver } from "./cursor.ts";

/** The cursors of one codec, with what a push needs of them beside each other: a push touches no cursor. */
interface Group {
  readonly cursors: Cursor[];
  readonly receivers: Receiver[];
  readonly ports: ConnectionPort[];
}

export class LiveSet {
  readonly #bulk: BulkSender;
  readonly #byCodec = new Map<Codec, Group>();
  /** Frames with a position pushed so far. A member's `sentCount` is short of it by what it was when the member came. */
  #pushedCount = 0;
  #count = 0;

  constructor(bulk: BulkSender) {
    this.#bulk = bulk;
  }

  get count(): number {
    return this.#count;
  }

  add(cursor: Cursor): void {
    const { receiver } = cursor;
    let group = this.#byCodec.get(receiver.codec);
    if (group === undefined) this.#byCodec.set(receiver.codec, (group = { cursors: [], receivers: [], ports: [] }));
    cursor.liveIndex = group.cursors.push(cursor) - 1;
    group.receivers.push(receiver);
    group.ports.push(receiver.port);
    cursor.sentCount -= this.#pushedCount;
    this.#count++;
  }

  remove(cursor: Cursor): void {
    const group = this.#byCodec.get(cursor.receiver.codec);
    const { liveIndex } = cursor;
    const last = group?.cursors.at(-1);
    if (group === undefined || last === undefined || liveIndex < 0) return;
    // The order among subscribers means nothing.
    group.cursors[liveIndex] = last;
    group.receivers[liveIndex] = last.receiver;
    group.ports[liveIndex] = last.receiver.port;
    last.liveIndex = liveIndex;
    group.cursors.pop();
    group.receivers.pop();
    group.ports.pop();
    cursor.liveIndex = -1;
    cursor.sentCount += this.#pushedCount;
    this.#count--;
  }

  /** All live cursors; the list is the caller's. */
  all(): Cursor[] {
    return [...this.#byCodec.values()].flatMap(({ cursors }) => cursors);
  }

  /**
   * Sends one frame per codec to every live cursor that has room.
   *
   * @returns how many got it, and those that had no room, which the caller must turn to lagging
   */
  push(frameFor: (codec: Codec) => Frame): { sent: number; refused: Cursor[] } {
    const refused: Cursor[] = [];
    let sent = 0;
    let isPositioned = false;
    for (const [codec, group] of this.#byCodec) {
      const { receivers } = group;
      if (receivers.length === 0) continue;
      const frame = frameFor(codec);
      const { cost } = frame;
      isPositioned = frame.prev !== undefined;
      const refusedBefore = refused.length;
      for (let index = 0; index < receivers.length; index++) {
        if (!(receivers[index] as Receiver).take(cost)) refused.push(group.cursors[index] as Cursor);
      }
      const isForAll = refused.length === refusedBefore;
      const ports = isForAll ? group.ports : without(group, refused);
      sent += ports.length;
      if (ports.length > 0) this.#bulk.sendAll([frame], ports);
    }
    if (!isPositioned) return { sent, refused };
    this.#pushedCount++;
    for (const cursor of refused) cursor.sentCount--;
    return { sent, refused };
  }
}

function without({ cursors }: Group, refused: readonly Cursor[]): ConnectionPort[] {
  const out = new Set(refused);
  return cursors.filter((cursor) => !out.has(cursor)).map(({ receiver }) => receiver.port);
}
