// The hub's view of a transport: frames out, messages in, a queue whose size is known and whose tail can be taken back.

import type { Observable } from "@heddle/base";
import type { Codec, Pos } from "@heddle/protocol";

/** An encoded frame. Shared by all its receivers; nothing in it depends on who receives it. */
export interface Frame {
  /** The frame's bytes without a transport's header. Never written to again. */
  readonly bytes: Uint8Array;
  /** Flow-control cost. */
  readonly cost: number;
  /** Whether it may be taken back before the socket has it: m, pd, skip, live, gap. */
  readonly kind: FrameKind;
  /** Alias of the channel it belongs to, 0 for the connection. */
  readonly alias: number;
  /** Where the cursor stands before this frame: m and skip (predecessor), gap (`from`). */
  readonly prev: Pos | undefined;
  /** A slot for the transport's own packed form, so that packing happens once per frame. Owned by the transport. */
  packed: unknown;
}

/** `m` waits for the window; so do `pd` and `part`. `m`, `pd`, `skip`, `live` and `gap` can be taken back. */
export type FrameKind = "m" | "pd" | "skip" | "live" | "gap" | "part" | "control";

/** One connection of a transport. The transport owns the socket; the hub decides what is sent and when to close. */
export interface ConnectionPort {
  readonly codec: Codec;
  /** Whether the peer acknowledges frames. False for HTTP streams and polls, where TCP alone bounds. */
  readonly windowed: boolean;
  /** Bytes accepted from the hub and not yet passed on by the socket. */
  readonly queuedBytes: number;
  /** Queues one frame; it leaves with everything else of this turn in one write. */
  send(frame: Frame): void;
  /** Removes droppable frames (see `isDroppable`) the socket does not have yet; oldest first. */
  takeBack(): readonly Frame[];
  /** Sends what is queued, then closes with this code. Calling it again does nothing. */
  close(code: number, why: string): void;
  /** The queue has drained to a quarter of its limit or less, after having been above it. */
  readonly writable: Observable<void>;
}

export const isDroppable = (frame: Frame): boolean => frame.kind !== "control" && frame.kind !== "part";

/** One frame list for many connections: appended to each queue, never overtaking what waits there. */
export interface BulkSender {
  sendAll(frames: readonly Frame[], to: readonly ConnectionPort[]): void;
}

/** What a transport calls. Messages come in order; `closed` comes once and ends the session. */
export interface ConnectionSink {
  receive(message: string | Uint8Array): void;
  closed(code: number, why: string): void;
}

/** What a transport that answers and ends calls besides. */
export interface PollingSink extends ConnectionSink {
  /** Whether a subscription still reads what came before it, and has room to. */
  readonly isCatchingUp: boolean;
  /** Sends where every subscription to a log stands (`live`), behind all that was sent. */
  tellPositions(): void;
}

/**
 * `stream` and `poll` are HTTP's ways to follow, `frames` is a request that is answered and over, `channel` follows one
 * channel and nothing else.
 */
export type TransportKind = "websocket" | "stream" | "poll" | "frames" | "channel";

/** What the transport knows of the peer. */
export interface Peer {
  /** Address as text, for logs and limits. */
  readonly address: string;
  readonly transport: TransportKind;
}
