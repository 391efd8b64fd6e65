// A text frame straight from a string: one allocation, one encoding pass.

import { headerLength, writeHeader, type PreparedFrame } from "../core/frame.ts";
import { opcodes } from "../core/opcode.ts";

/** A text frame for any number of receivers. Lone surrogates become U+FFFD. */
export function prepareTextFrom(text: string): PreparedFrame {
  const payloadBytes = Buffer.byteLength(text, "utf8");
  const headerBytes = headerLength(payloadBytes);
  const wire = Buffer.allocUnsafe(headerBytes + payloadBytes);
  writeHeader(wire, opcodes.text, payloadBytes);
  wire.write(text, headerBytes, payloadBytes, "utf8");
  return { wire };
}
