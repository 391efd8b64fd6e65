// The hub's frame as a WebSocket frame: header and bytes packed once, whoever and however many receive it.

import { isDroppable, type Frame } from "@heddle/hub/ports";
import { packFrame, type opcodes, type PreparedFrame } from "@heddle/websocket";

export type DataOpcode = typeof opcodes.text | typeof opcodes.binary;

/** A WebSocket frame that remembers the hub's frame it was made of, so that what is taken back can be named. */
export class PackedFrame implements PreparedFrame {
  readonly wire: Uint8Array;
  readonly frame: Frame;

  constructor(frame: Frame, opcode: DataOpcode) {
    this.wire = packFrame(opcode, frame.bytes);
    this.frame = frame;
  }
}

/** The packed form of `frame`: made at first use, then kept in the frame's own slot. A frame belongs to one codec, so to one opcode. */
export function pack(frame: Frame, opcode: DataOpcode): PackedFrame {
  if (frame.packed instanceof PackedFrame) return frame.packed;
  const packed = new PackedFrame(frame, opcode);
  frame.packed = packed;
  return packed;
}

/** Whether a pending frame may go back to the hub. Frames of the WebSocket layer itself (pong, close) may not. */
export const isTakeable = (pending: PreparedFrame): pending is PackedFrame =>
  pending instanceof PackedFrame && isDroppable(pending.frame);
