// One subscription's place in a log. It is the whole state of a subscriber: a slow, a resuming and a live one differ
// only in how they read on from here.

import { samePos, type Codec, type Mode, type Pos } from "@heddle/protocol";
import type { ConnectionPort, Frame } from "../ports/index.ts";
import type { ByKey } from "./key-index.ts";
import type { Slice } from "./slices.ts";

/** The cursor's view of its channel. */
export interface CursorChannel {
  readonly alias: number;
  /** Whether there is a log: without one there are no positions. */
  readonly isDurable: boolean;
  /** Whether a subscriber that reads everything is closed as soon as it cannot keep up. */
  readonly disconnectsSlow: boolean;
  /** Whether an entry that was delivered may later not exist. */
  readonly hasPhantoms: boolean;
  /** The log's head, as far as this node knows. */
  readonly head: Pos;
  /** Where live cursors stand that are pushed to: at the head, or before what waits to be pushed. */
  readonly pushedTo: Pos;
  isAtHead(pos: Pos): boolean;
  joinLive(cursor: Cursor): void;
  leaveLive(cursor: Cursor): void;
  /** What waits is pushed now. Before a cursor at the head becomes live, or it would get that twice. */
  pushHeld(): void;
  /** What is held behind `pos`; undefined when the store must be asked. */
  heldAfter(pos: Pos, codec: Codec): Slice | undefined;
  heldNewest(): Slice | undefined;
  /** The newest entries of their keys behind `pos`; undefined when the log itself must be read. */
  heldByKey(pos: Pos): ByKey | undefined;
  /** @param by  whose turn it is at the store. @throws {EngineError} */
  readAfter(pos: Pos, by: object): Promise<Slice>;
  /** @throws {EngineError} */
  readNewest(by: object): Promise<Slice>;
  /** A read contradicts what this node holds of the log. */
  suspect(): void;
  /** The list of members. */
  /** Undefined: it comes by itself, when enough is known. */
  presenceFrame(codec: Codec): Frame | undefined;
}

/** The channel's view of a connection: whether it has room, and what to tell it. */
export interface Receiver {
  readonly port: ConnectionPort;
  readonly codec: Codec;
  /** Whether a frame of this cost may be sent now: window open and queue below its limit. */
  hasRoomFor(cost: number): boolean;
  /** Counts a frame that leaves through the bulk sender. */
  note(cost: number): void;
  /** Counts it if there is room. */
  take(cost: number): boolean;
  /** Counts and queues one frame. */
  send(frame: Frame): void;
  /** A frame found no room: take back what is queued and let all cursors lag. */
  overflow(): void;
  /** `cursor` has something to read. */
  wake(cursor: Cursor): void;
}

export const cursorStates = ["live", "catchup", "lagging", "ended"] as const;
export type CursorState = (typeof cursorStates)[number];

/** Where triggers lead; an absent cell means the trigger is ignored in that state. */
export const cursorTransitions: Record<
  CursorState,
  Partial<Record<"reached" | "behind" | "overflow" | "room" | "end", CursorState>>
> = {
  live: { behind: "catchup", overflow: "lagging", end: "ended" },
  catchup: { reached: "live", overflow: "lagging", end: "ended" },
  lagging: { room: "catchup", behind: "lagging", end: "ended" },
  ended: {},
};

export class Cursor {
  readonly channel: CursorChannel;
  readonly receiver: Receiver;
  readonly mode: Mode;
  readonly withPresence: boolean;
  state: CursorState = "catchup";
  /** Presence frames were lost on the way: the full list is due. */
  presenceIsStale = false;
  /** Droppable frames with a position sent since `subd`; while it is among the live ones, less what was pushed before. */
  sentCount = 0;
  /** Where it is among the channel's live cursors; owned by the live set. */
  liveIndex = -1;
  /** Whether a store read is under way for it. */
  isReading = false;
  /** How long its next failed read waits before it is tried again; 0: the least. Milliseconds. */
  retryMs = 0;
  /** The client was told that this subscription is behind, and not yet that it is up again. */
  isToldLagging = false;
  /** The log was replaced while this cursor was on its way: whether it stands on the log is for the store to say. */
  isUnproven = false;
  /** A `volatile` cursor that had no room: what came meanwhile is not for it. */
  mustJump = false;
  #pos: Pos;

  constructor(channel: CursorChannel, receiver: Receiver, start: { pos: Pos; mode: Mode; withPresence: boolean }) {
    this.channel = channel;
    this.receiver = receiver;
    this.mode = start.mode;
    this.withPresence = start.withPresence;
    this.#pos = start.pos;
  }

  /** Whether every entry is pushed to it while it is live; the other modes get the newest, when it is time. */
  get isPushed(): boolean {
    return this.mode === "resume" || this.mode === "volatile";
  }

  /** The position behind the last frame given to the connection. A live cursor stands where its channel has pushed to. */
  get pos(): Pos {
    return this.state === "live" && this.isPushed ? this.channel.pushedTo : this.#pos;
  }

  /** Moves a cursor that is not live and pushed to. */
  moveTo(pos: Pos): void {
    this.#pos = pos;
  }

  go(trigger: "reached" | "behind" | "overflow" | "room" | "end"): void {
    const pos = this.pos;
    const next = cursorTransitions[this.state][trigger] ?? this.state;
    if (next === this.state) return;
    const wasLive = this.state === "live";
    this.state = next;
    if (next === "lagging" && this.mode === "volatile") this.mustJump = true;
    if (wasLive) {
      this.#pos = pos;
      this.channel.leaveLive(this);
    } else if (next === "live") this.channel.joinLive(this);
  }

  /**
   * The connection could not take these frames of ours, oldest first: stand where the first of them began. A gap among
   * them is not forgotten: it began at a position that is not on the log, and the next read from there says so again.
   */
  returnFrames(taken: readonly Frame[]): void {
    const ours = taken.filter((frame) => frame.prev !== undefined);
    const sinceSubscribed = ours.slice(Math.max(0, ours.length - this.sentCount));
    this.sentCount -= sinceSubscribed.length;
    const first = sinceSubscribed[0];
    if (first?.prev !== undefined && !samePos(first.prev, this.#pos)) this.#pos = first.prev;
    if (taken.some((frame) => frame.kind === "gap")) this.isUnproven = true;
    if (taken.some((frame) => frame.kind === "pd")) this.presenceIsStale = true;
  }
}
