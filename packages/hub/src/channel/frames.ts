// Frames of a channel. Each is made once and shared: nothing in it depends on who receives it.

import {
  samePos,
  toWirePos,
  type Codec,
  type Encoded,
  type Gap,
  type Pos,
  type PublicationBody,
  type ServerFrame,
  type StatusFrame,
} from "@heddle/protocol";
import { positionBefore, type Entry, type Frame, type FrameKind } from "../ports/index.ts";

/** An encoded frame as the transport takes it. */
export function frameOf(encoded: Encoded, kind: FrameKind, alias: number, prev?: Pos): Frame {
  return { bytes: encoded.bytes, cost: encoded.cost, kind, alias, prev, packed: undefined };
}

/** A frame about the connection, or an answer: never taken back. */
export const controlFrame = (codec: Codec, frame: ServerFrame): Frame => frameOf(codec.encode(frame), "control", 0);

/** The publication of a log entry, or the `skip` of a marker. */
export function entryFrame(alias: number, entry: Entry, codec: Codec): Frame {
  const prev = positionBefore(entry);
  if (entry.type === "data") return frameOf(codec.publication(alias, bodyOf(entry)), "m", alias, prev);
  return skipFrame(alias, entry.pos, prev, codec);
}

/** Moves a position along the chain without a delivery. */
function skipFrame(alias: number, to: Pos, prev: Pos, codec: Codec): Frame {
  const jump = prev.offset === to.offset - 1 ? {} : { p: prev.offset };
  return frameOf(codec.encode({ t: "skip", c: alias, o: to.offset, g: to.tag, ...jump }), "skip", alias, prev);
}

/** Says to a subscriber that is not told everything that everything up to `to` was left out; `to` stands before the newest entry. */
export const conflatedFrame = (alias: number, to: Pos, codec: Codec): Frame =>
  frameOf(codec.encode({ t: "skip", c: alias, o: to.offset, g: to.tag }), "skip", alias, to);

/** One entry for a subscriber at `from` who may have been carried over others: that is told before it. */
export function framesTo(alias: number, from: Pos, entry: Entry, frame: Frame, codec: Codec): readonly Frame[] {
  const before = positionBefore(entry);
  return samePos(before, from) ? [frame] : [conflatedFrame(alias, before, codec), frame];
}

export const costOf = (frames: readonly Frame[]): number => frames.reduce((sum, { cost }) => sum + cost, 0);

export const statusFrame = (alias: number, s: StatusFrame["s"], codec: Codec, why?: string): Frame =>
  controlFrame(codec, { t: "st", c: alias, s, ...(why === undefined ? {} : { why }) });

export function gapFrame(alias: number, gap: Gap, from: Pos, codec: Codec): Frame {
  return frameOf(codec.encode({ t: "gap", c: alias, ...gap }), "gap", alias, from);
}

export const liveFrame = (alias: number, at: Pos, codec: Codec): Frame =>
  frameOf(codec.encode({ t: "live", c: alias, p: toWirePos(at) }), "live", alias);

/** A volatile event: no position, outside the chain. */
export function volatileFrame(alias: number, body: PublicationBody, codec: Codec): Frame {
  return frameOf(codec.publication(alias, body), "m", alias);
}

/** What of an entry is sent. */
export function bodyOf(entry: Entry): PublicationBody {
  const { pos, prevOffset, event, id, key, ts, user, traceparent, kind, data } = entry;
  return { pos, prevOffset, event, id, key, ts, user, traceparent, kind, data };
}
