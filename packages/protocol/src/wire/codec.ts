// What a codec owes the hub: frames in and out of bytes. Control frames carry plain values; stored payloads are pasted.

import type { Pos, WirePos } from "./position.ts";
import type { ServerFrame } from "./server-frames.ts";

/** A frame ready for any number of receivers. */
export interface Encoded {
  /** The frame without its transport's header. Never written to again. */
  readonly bytes: Uint8Array;
  /** Flow-control cost: UTF-16 length of the JSON text, or MessagePack bytes. */
  readonly cost: number;
}

/** A frame taken out of a message, not yet checked. */
export interface Decoded {
  readonly value: unknown;
  /**
   * Its size, which is compared with `wireLimits.frameBytes`: UTF-16 length of the JSON text, or MessagePack bytes of which
   * text takes one a UTF-16 unit. Never more in MessagePack than in JSON, for frames as our client writes them.
   */
  readonly cost: number;
}

/** A publication as a log stores it. */
export interface PublicationBody {
  /** Absent for volatile events. */
  readonly pos?: Pos;
  readonly prevOffset?: number;
  readonly event: string;
  readonly id: string;
  readonly key: string;
  /** Wall clock of the store, ms; 0 leaves it out. */
  readonly ts: number;
  /** Publisher's user id; "" leaves it out. */
  readonly user: string;
  readonly traceparent: string;
  readonly kind: "json" | "bytes";
  /** JSON text in UTF-8 without raw newlines, or bytes. */
  readonly data: Uint8Array;
}

export interface HistoryPage {
  readonly entries: readonly PublicationBody[];
  readonly p: WirePos;
  readonly more: boolean;
}

/** How frames travel. One instance serves all connections; codecs hold no state. */
export interface Codec {
  readonly name: "json" | "mp";
  /** WebSocket subprotocol that says so. */
  readonly subprotocol: string;
  /** Any frame whose values are plain; `paste` adds one key whose value is JSON text already. */
  encode(frame: ServerFrame, paste?: { readonly key: "d" | "snap"; readonly json: string }): Encoded;
  /** A shared publication frame. */
  publication(alias: number, body: PublicationBody): Encoded;
  /** `ok` with a page of history. */
  history(r: number, page: HistoryPage): Encoded;
  /**
   * The frames of one message, decoded and unchecked, in order.
   * @throws when the message is no sequence of frames: {SyntaxError} in JSON, {MessagePackError} in MessagePack
   */
  decode(message: string | Uint8Array): readonly Decoded[];
}
