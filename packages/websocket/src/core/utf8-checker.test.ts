import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { nodeBytes } from "../node/node-bytes.ts";
import { Utf8Checker } from "./utf8-checker.ts";

/** How many bytes a strict streaming decoder takes before it objects; `whole` when it objects to nothing. */
function oracle(bytes: Uint8Array): { taken: number; isComplete: boolean } {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let at = 0; at < bytes.length; at++) {
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true });
    } catch {
      return { taken: at, isComplete: false };
    }
  }
  try {
    decoder.decode();
    return { taken: bytes.length, isComplete: true };
  } catch {
    return { taken: bytes.length, isComplete: false };
  }
}

/** Feeds `bytes` in pieces; returns the end of the first piece refused, or undefined. */
function feed(bytes: Uint8Array, pieceBytes: () => number): { refusedBy: number | undefined; isComplete: boolean } {
  const checker = new Utf8Checker(nodeBytes);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + pieceBytes());
    if (!checker.take(bytes, at, end)) return { refusedBy: end, isComplete: false };
    at = end;
  }
  return { refusedBy: undefined, isComplete: checker.isComplete };
}

const pieces = ["a", "é", "€", "𝄞", "\ufeff", "\ufffd", "\u{10ffff}"].map((text) => new TextEncoder().encode(text));
const flaws = ["80", "c0af", "c1bf", "e09f80", "eda080", "f08f8080", "f4908080", "f580", "ff", "e282", "f09d84", "c3"];

function mixture(random: SeededRandom): Uint8Array {
  const parts: number[] = [];
  for (let count = random.between(0, 12); count > 0; count--) {
    if (random.chance(0.1)) parts.push(...Buffer.from(random.pick(flaws), "hex"));
    else parts.push(...random.pick(pieces));
  }
  return Uint8Array.from(parts);
}

describe("Utf8Checker", () => {
  it("objects at the same byte as a strict streaming decoder, one byte at a time", () => {
    const random = new SeededRandom(3);
    let refusedCount = 0;
    for (let round = 0; round < 3_000; round++) {
      const bytes = mixture(random);
      const wanted = oracle(bytes);
      const got = feed(bytes, () => 1);
      const refusedBy = wanted.taken < bytes.length ? wanted.taken + 1 : undefined;
      expect({ bytes, ...got }).toEqual({ bytes, refusedBy, isComplete: wanted.isComplete });
      if (refusedBy !== undefined) refusedCount++;
    }
    expect(refusedCount).toBeGreaterThan(300); // the mixture does hold both kinds
  });

  it("objects within the piece that holds the first bad byte, wherever the pieces are cut", () => {
    const random = new SeededRandom(4);
    for (let round = 0; round < 3_000; round++) {
      const bytes = mixture(random);
      const { taken, isComplete } = oracle(bytes);
      const ends: number[] = [];
      let at = 0;
      const got = feed(bytes, () => {
        const size = random.between(1, 9);
        at = Math.min(bytes.length, at + size);
        ends.push(at);
        return size;
      });
      const refusedBy = taken < bytes.length ? ends.find((end) => end > taken) : undefined;
      expect({ bytes, ...got }).toEqual({ bytes, refusedBy, isComplete });
    }
  });
});
