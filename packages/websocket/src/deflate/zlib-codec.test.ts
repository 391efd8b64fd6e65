import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { readDeflate } from "../testing/read-deflate.ts";
import { Window } from "./window.ts";
import { zlibCodec } from "./zlib-codec.ts";

const noWindow = new Uint8Array(0);
const wire = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const inflate = (payload: Uint8Array, window = noWindow, maxBytes = 1_000_000): string =>
  Buffer.from(zlibCodec.inflate(payload, window, maxBytes) as string).toString();

/** Text with repetitions at all distances. */
function randomText(dice: SeededRandom, size: number): Buffer {
  const words = Array.from({ length: 300 }, () => dice.bytes(dice.between(3, 12)));
  const parts: Uint8Array[] = [];
  for (let length = 0; length < size;) {
    const word = dice.pick(words);
    parts.push(word);
    length += word.length;
  }
  return Buffer.concat(parts).subarray(0, size);
}

describe("inflating", () => {
  // The examples of RFC 7692 §7.2.3.
  it.each([
    ["one message (§7.2.3.1)", "f248cdc9c90700", "Hello"],
    ["a block without compression (§7.2.3.3)", "000500faff48656c6c6f00", "Hello"],
    ["a block with BFINAL (§7.2.3.4)", "f348cdc9c9070000", "Hello"],
    ["two blocks (§7.2.3.5)", "f248050000 00ffff cac9c90700", "Hello"],
    ["an empty block (§7.2.3.6)", "00", ""],
    ["two final blocks, one after the other", "f348cdc9c90700 f348cdc9c90700 00", "HelloHello"],
    ["an empty message that zlib had nothing to flush for", "", ""],
    ["a message whose end was not removed, its last fragment being empty", "f248cdc9c907 00 0000ffff", "Hello"],
  ])("takes %s", (_what, payload, wanted) => {
    expect(inflate(wire(payload))).toBe(wanted);
  });

  it("refers back to an earlier message (§7.2.3.2), and to what stands before a final block", () => {
    expect(inflate(wire("f200110000"), Buffer.from("Hello"))).toBe("Hello");
    const second = deflateRawSync(Buffer.from("Hello world, Hello"), {
      dictionary: Buffer.from("Hello world, "),
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const first = deflateRawSync(Buffer.from("Hello world, "));
    expect(inflate(Buffer.concat([first, second.subarray(0, -4)]))).toBe("Hello world, Hello world, Hello");
  });

  it.each([
    ["that is cut short", "f248cdc9"],
    ["of an unknown block type", "07"],
    ["that refers back to nothing", "f200110000"],
    ["behind a final block without an end", "f348cdc9c90700"],
    ["with a length that does not match its complement", "000500faf048656c6c6f00"],
  ])("refuses data %s", (_what, payload) => {
    expect(zlibCodec.inflate(wire(payload), noWindow, 1_000)).toBe("broken");
  });

  it("refuses every message that lost its end", () => {
    const dice = new SeededRandom(21);
    const payload = zlibCodec.deflate(randomText(dice, 2_000), noWindow, { windowBits: 15, level: 6 });
    for (let length = 1; length < payload.length - 1; length++) {
      expect(zlibCodec.inflate(payload.subarray(0, length), noWindow, 10_000), `${length} bytes`).toBe("broken");
    }
  });

  it("takes what fits the limit exactly and refuses one byte more", () => {
    for (const size of [1, 1_000, 16_384, 100_000]) {
      const payload = zlibCodec.deflate(Buffer.alloc(size, "a"), noWindow, { windowBits: 15, level: 1 });
      expect(inflate(payload, noWindow, size).length).toBe(size);
      expect(zlibCodec.inflate(payload, noWindow, size - 1)).toBe("too-big");
    }
    expect(zlibCodec.inflate(wire("f348cdc9c90700 f348cdc9c90700 00"), noWindow, 9)).toBe("too-big");
    expect(zlibCodec.inflate(wire("00"), noWindow, 0)).toEqual(Buffer.alloc(0));
  });

  it("allocates for a bomb what the limit allows and no more, since it counts what comes out", () => {
    const bomb = zlibCodec.deflate(Buffer.alloc(10 * 2 ** 20), noWindow, { windowBits: 15, level: 9 });
    expect(bomb.length).toBeLessThan(12_000);
    const allocate = vi.spyOn(Buffer, "allocUnsafe");
    expect(zlibCodec.inflate(bomb, noWindow, 100_000)).toBe("too-big");
    const allocatedBytes = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
    allocate.mockRestore();
    expect(allocatedBytes).toBeGreaterThan(100_000);
    expect(allocatedBytes).toBeLessThan(100_000 + bomb.length + 3 * 16_384);
  });

  it("refuses more than 32 final blocks, since each costs a stream", () => {
    const blocks = (count: number): Buffer => Buffer.concat([...Array<Buffer>(count).fill(wire("0300")), wire("00")]);
    expect(inflate(blocks(32))).toBe("");
    expect(zlibCodec.inflate(blocks(33), noWindow, 1_000)).toBe("broken");
  });
});

describe("deflating", () => {
  it("keeps to every window size, with and without what came before", () => {
    const dice = new SeededRandom(22);
    for (let windowBits = 8; windowBits <= 15; windowBits++) {
      const window = new Window(windowBits);
      let reach = 0;
      for (const size of [300, 3_000, 50_000, 700]) {
        const plain = randomText(dice, size);
        for (const level of [1, 6, 9]) {
          const alone = readDeflate(zlibCodec.deflate(plain, noWindow, { windowBits, level }));
          expect(alone.plain.equals(plain)).toBe(true);
          const behind = readDeflate(zlibCodec.deflate(plain, window.bytes, { windowBits, level }), window.bytes);
          expect(behind.plain.equals(plain)).toBe(true);
          reach = Math.max(reach, alone.farthestBytes, behind.farthestBytes);
        }
        window.push(plain);
      }
      expect(reach, `2^${windowBits}`).toBeLessThanOrEqual(2 ** windowBits);
      expect(reach, `2^${windowBits}`).toBeGreaterThan(2 ** windowBits / 3);
    }
  }, 30_000);

  it("finds a repetition at the other end of a small message", () => {
    const dice = new SeededRandom(23);
    const ends = dice.bytes(100);
    for (const between of [800, 1_840, 3_890]) {
      const plain = Buffer.concat([ends, dice.bytes(between), ends]); // a little less than a power of two
      const payload = zlibCodec.deflate(plain, noWindow, { windowBits: 15, level: 1 });
      expect(payload.length).toBeLessThan(plain.length - 30);
    }
  });

  it("makes messages that inflate to the same, one behind the other", () => {
    const dice = new SeededRandom(24);
    const [ours, theirs] = [new Window(12), new Window(12)];
    const size = () => dice.pick([0, 1, 50, 2_000, 4_096, 9_000]);
    for (let round = 0; round < 300; round++) {
      const plain = randomText(dice, size());
      const payload = zlibCodec.deflate(plain, ours.bytes, { windowBits: 12, level: dice.between(1, 9) });
      const back = zlibCodec.inflate(payload, theirs.bytes, plain.length);
      expect(Buffer.from(back as Uint8Array).equals(plain), `round ${round}`).toBe(true);
      ours.push(plain);
      theirs.push(plain);
    }
  });
});

describe("a window", () => {
  it("holds the last 2^bits bytes of what it was given, in memory of no more", () => {
    const dice = new SeededRandom(25);
    const window = new Window(8);
    let all = Buffer.alloc(0);
    for (let round = 0; round < 500; round++) {
      const message = dice.bytes(dice.pick([0, 1, 10, 100, 255, 256, 257, 700]));
      window.push(message);
      all = Buffer.concat([all, message]).subarray(-256);
      expect(Buffer.from(window.bytes).equals(all), `round ${round}`).toBe(true);
      expect(window.bytes.buffer.byteLength).toBeLessThanOrEqual(256);
    }
  });
});
