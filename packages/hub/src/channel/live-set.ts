// The live cursors of one channel, grouped so that a publication is one frame and one bulk send per codec.

import type { Codec } from "@heddle/protocol";
import type { BulkSender, ConnectionPort, Frame } from "../ports/index.ts";
import type { Cursor } from "./cursor.ts";

export class LiveSet {
  readonly #bulk: BulkSender;
  readonly #byCodec = new Map<Codec, Cursor[]>();
  readonly #ports: ConnectionPort[] = [];
  #count = 0;

  constructor(bulk: BulkSender) {
    this.#bulk = bulk;
  }

  get count(): number {
    return this.#count;
  }

  add(cursor: Cursor): void {
    const { codec } = cursor.receiver;
    let group = this.#byCodec.get(codec);
    if (group === undefined) this.#byCodec.set(codec, (group = []));
    cursor.liveIndex = group.push(cursor) - 1;
    this.#count++;
  }

  remove(cursor: Cursor): void {
    const group = this.#byCodec.get(cursor.receiver.codec);
    const last = group?.at(-1);
    if (group === undefined || last === undefined || cursor.liveIndex < 0) return;
    group[cursor.liveIndex] = last; // the order among subscribers means nothing
    last.liveIndex = cursor.liveIndex;
    group.pop();
    cursor.liveIndex = -1;
    this.#count--;
  }

  /** All live cursors; the list is the caller's. */
  all(): Cursor[] {
    return [...this.#byCodec.values()].flat();
  }

  /**
   * Sends one frame per codec to every live cursor that has room.
   *
   * @returns how many got it, and those that had no room, which the caller must turn to lagging
   */
  push(frameFor: (codec: Codec) => Frame): { sent: number; refused: Cursor[] } {
    const refused: Cursor[] = [];
    let sent = 0;
    for (const [codec, group] of this.#byCodec) {
      if (group.length === 0) continue;
      const frame = frameFor(codec);
      const { cost } = frame;
      const isPositioned = frame.prev !== undefined;
      const ports = this.#ports;
      ports.length = 0;
      for (const cursor of group) {
        const { receiver } = cursor;
        if (!receiver.hasRoomFor(cost)) {
          refused.push(cursor);
          continue;
        }
        receiver.note(cost);
        if (isPositioned) cursor.sentCount++;
        ports.push(receiver.port);
      }
      sent += ports.length;
      if (ports.length > 0) this.#bulk.sendAll([frame], ports);
    }
    return { sent, refused };
  }
}
