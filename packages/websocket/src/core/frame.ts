// Whole frames out (RFC 6455 §5.2): header and payload in one piece of memory, unmasked, shareable by all receivers.

import { utf8Encode } from "@heddle/base";
import { applyMask } from "./mask.ts";
import { opcodes, type Opcode } from "./opcode.ts";

/**
 * One complete, unmasked, unfragmented frame with its header. Never written to again, so any number of connections
 * may hold it. Objects of the caller's own class do as well: a connection keeps the object it was given and hands the
 * same one back.
 */
export interface PreparedFrame {
  readonly wire: Uint8Array;
}

/** Bytes of the header in front of an unmasked payload of `payloadBytes`: 2, 4 or 10. */
export function headerLength(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/** Writes the header of a final, unmasked frame at the start of `target` (§6.1), in the fewest bytes (§5.2). */
export function writeHeader(target: Uint8Array, opcode: Opcode, payloadBytes: number): void {
  target[0] = 0x80 | opcode;
  if (payloadBytes < 126) {
    target[1] = payloadBytes;
  } else if (payloadBytes < 65_536) {
    target[1] = 126;
    target[2] = payloadBytes >>> 8;
    target[3] = payloadBytes & 0xff;
  } else {
    target[1] = 127;
    const view = new DataView(target.buffer, target.byteOffset, 10);
    view.setUint32(2, Math.floor(payloadBytes / 2 ** 32));
    view.setUint32(6, payloadBytes >>> 0);
  }
}

/** The header alone, for callers that lay out memory themselves. */
export function frameHeader(opcode: Opcode, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(headerLength(payloadBytes));
  writeHeader(header, opcode, payloadBytes);
  return header;
}

/** Header and payload in one new array. `payload` is copied. */
export function packFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
  const headerBytes = headerLength(payload.length);
  const wire = new Uint8Array(headerBytes + payload.length);
  writeHeader(wire, opcode, payload.length);
  wire.set(payload, headerBytes);
  return wire;
}

/** A text frame for any number of receivers. `payload` must be UTF-8; it is copied, not checked. */
export const prepareText = (payload: Uint8Array): PreparedFrame => ({ wire: packFrame(opcodes.text, payload) });

/** A binary frame for any number of receivers. `payload` is copied. */
export const prepareBinary = (payload: Uint8Array): PreparedFrame => ({ wire: packFrame(opcodes.binary, payload) });

/** A close frame; without a code its body is empty (§5.5.1). The reason's length is the caller's to check. */
export function packClose(code: number | undefined, reason = ""): Uint8Array {
  if (code === undefined) return packFrame(opcodes.close, new Uint8Array(0));
  const text = utf8Encode(reason);
  const body = new Uint8Array(2 + text.length);
  body[0] = code >>> 8;
  body[1] = code & 0xff;
  body.set(text, 2);
  return packFrame(opcodes.close, body);
}

/**
 * Copies a whole frame into `target` at `at` as a client must send it: mask bit set, key, masked payload (§5.3).
 *
 * @returns where the next frame begins; the copy is four bytes longer than the original
 */
export function writeMasked(target: Uint8Array, at: number, wire: Uint8Array, key: number): number {
  const lengthCode = wire[1] as number;
  const headerBytes = lengthCode < 126 ? 2 : lengthCode === 126 ? 4 : 10;
  for (let index = 0; index < headerBytes; index++) target[at + index] = wire[index] as number;
  target[at + 1] = lengthCode | 0x80;
  const keyAt = at + headerBytes;
  target[keyAt] = key >>> 24;
  target[keyAt + 1] = (key >>> 16) & 0xff;
  target[keyAt + 2] = (key >>> 8) & 0xff;
  target[keyAt + 3] = key & 0xff;
  const payloadAt = keyAt + 4;
  target.set(wire.subarray(headerBytes), payloadAt);
  const end = at + wire.length + 4;
  applyMask(target, payloadAt, end, key, 0);
  return end;
}
