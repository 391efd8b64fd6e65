// Prepared frames as compressed frames (RFC 7692 §6.1): shared by all receivers, or made for one connection alone.

import { writeHeader, headerLength, type PreparedFrame } from "../core/frame.ts";
import { opcodes } from "../core/opcode.ts";
import type { DeflateOptions } from "./deflate-options.ts";
import { Window } from "./window.ts";
import type { MessageCodec } from "./zlib-codec.ts";

/** Turns a frame into the bytes a connection sends for it. */
export interface FrameCoder {
  wireOf(frame: PreparedFrame): Uint8Array;
}

type Effort = Pick<Required<DeflateOptions>, "thresholdBytes" | "level"> & { readonly windowBits: number };

const noWindow = new Uint8Array(0);
const rsv1 = 0x40;

/**
 * Compresses without context (§7.2.1), so that all receivers get the same bytes: a frame is compressed when it is first asked for,
 * and what came out is kept as long as the frame itself.
 */
export class SharedCoder implements FrameCoder {
  readonly #codec: MessageCodec;
  readonly #effort: Effort;
  readonly #wires = new WeakMap<PreparedFrame, Uint8Array>();

  constructor(codec: MessageCodec, effort: Effort) {
    this.#codec = codec;
    this.#effort = effort;
  }

  wireOf(frame: PreparedFrame): Uint8Array {
    const { wire } = frame;
    if (!isWorthIt(wire, this.#effort.thresholdBytes)) return wire;
    let made = this.#wires.get(frame);
    if (made === undefined) {
      made = compressedFrame(wire, this.#codec.deflate(payloadOf(wire), noWindow, this.#effort)) ?? wire;
      this.#wires.set(frame, made);
    }
    return made;
  }
}

/**
 * Compresses for one connection with context takeover. Frames must be sent in the order they were asked for, each once:
 * the receiver's window follows ours.
 */
export class TakeoverCoder implements FrameCoder {
  readonly #codec: MessageCodec;
  readonly #effort: Effort;
  readonly #window: Window;

  constructor(codec: MessageCodec, effort: Effort) {
    this.#codec = codec;
    this.#effort = effort;
    this.#window = new Window(effort.windowBits);
  }

  wireOf(frame: PreparedFrame): Uint8Array {
    const { wire } = frame;
    if (!isWorthIt(wire, this.#effort.thresholdBytes)) return wire;
    const plain = payloadOf(wire);
    const made = compressedFrame(wire, this.#codec.deflate(plain, this.#window.bytes, this.#effort));
    if (made === undefined) return wire; // sent plain, it does not enter the receiver's window (§7.2.3.2)
    this.#window.push(plain);
    return made;
  }
}

/** Whether `wire` is a data frame of at least `thresholdBytes`; control frames are never compressed (§6.1). */
function isWorthIt(wire: Uint8Array, thresholdBytes: number): boolean {
  const first = wire[0];
  const isMessage = first === (0x80 | opcodes.text) || first === (0x80 | opcodes.binary);
  return isMessage && wire.length - headerBytesOf(wire) >= thresholdBytes;
}

const payloadOf = (wire: Uint8Array): Uint8Array => wire.subarray(headerBytesOf(wire));

function headerBytesOf(wire: Uint8Array): number {
  const lengthCode = wire[1] as number;
  return lengthCode < 126 ? 2 : lengthCode === 126 ? 4 : 10;
}

/** The frame `wire` with a compressed payload, or undefined when that would not make it shorter. */
function compressedFrame(wire: Uint8Array, payload: Uint8Array): Uint8Array | undefined {
  const headerBytes = headerLength(payload.length);
  if (headerBytes + payload.length >= wire.length) return undefined;
  const made = new Uint8Array(headerBytes + payload.length);
  writeHeader(made, opcodes.text, payload.length);
  made[0] = (wire[0] as number) | rsv1;
  made.set(payload, headerBytes);
  return made;
}
