import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { applyMask } from "./mask.ts";

/** The definition of RFC 6455 §5.3, byte by byte. */
function byDefinition(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: readonly number[],
  phase: number,
): Uint8Array {
  return bytes.map((byte, at) => (at < start || at >= end ? byte : byte ^ (key[(at - start + phase) % 4] as number)));
}

describe("applyMask", () => {
  it("does what §5.3 defines, at every alignment, length and phase, and touches nothing else", () => {
    const random = new SeededRandom(1);
    for (let offset = 0; offset < 8; offset++) {
      for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 63, 159, 160, 161, 162, 163, 164, 1_001]) {
        for (let phase = 0; phase < 5; phase++) {
          const memory = random.bytes(length + 24);
          const bytes = memory.subarray(offset); // a byteOffset that need not be a multiple of four
          const start = random.between(0, 8);
          const key = [...random.bytes(4)];
          const wanted = byDefinition(bytes, start, start + length, key, phase);
          const word = Buffer.from(key).readUInt32BE(0);
          applyMask(bytes, start, start + length, word, phase);
          expect({ offset, length, phase, bytes }).toEqual({ offset, length, phase, bytes: wanted });
        }
      }
    }
  });

  it("undoes itself when a payload comes in pieces", () => {
    const random = new SeededRandom(2);
    const payload = random.bytes(5_000);
    const bytes = payload.slice();
    applyMask(bytes, 0, bytes.length, 0xdeadbeef, 0);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + random.between(1, 200));
      applyMask(bytes, at, end, 0xdeadbeef, at);
      at = end;
    }
    expect(bytes).toEqual(payload);
  });
});
