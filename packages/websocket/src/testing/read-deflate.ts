// A DEFLATE reader of few words (RFC 1951), slow and independent of zlib: tells how far a stream refers back.

/// <reference types="node" />

/** What a stream holds, and the longest way back it takes. */
export interface ReadDeflate {
  readonly plain: Buffer;
  readonly farthestBytes: number;
}

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Code words by "length:bits". */
type Codes = ReadonlyMap<string, number>;

function codesOf(lengths: readonly number[]): Codes {
  const codes = new Map<string, number>();
  let next = 0;
  for (let length = 1; length <= 15; length++, next <<= 1) {
    for (const [symbol, its] of lengths.entries()) if (its === length) codes.set(`${length}:${next++}`, symbol);
  }
  return codes;
}

const fixedLengths = Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8));
const fixed: readonly [Codes, Codes] = [codesOf(fixedLengths), codesOf(Array<number>(30).fill(5))];

/** Reads a message's payload without what §7.2.1 of RFC 7692 removes, behind `window`. */
export function readDeflate(payload: Uint8Array, window: Uint8Array = new Uint8Array(0)): ReadDeflate {
  const bytes = Buffer.concat([payload, Buffer.from("0000ffff", "hex")]);
  const out: number[] = [...window];
  let at = 0;
  let farthestBytes = 0;
  const bit = (): number => (bytes.readUInt8(at >> 3) >> (at++ & 7)) & 1;
  const bits = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value |= bit() << index;
    return value;
  };
  const symbol = (codes: Codes): number => {
    let word = 0;
    for (let length = 1; length <= 15; length++) {
      word = (word << 1) | bit();
      const found = codes.get(`${length}:${word}`);
      if (found !== undefined) return found;
    }
    throw new Error("no such code");
  };
  const dynamic = (): [Codes, Codes] => {
    const [literals, distances, count] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const orders = Array<number>(19).fill(0);
    for (let index = 0; index < count; index++) orders[codeOrder[index] as number] = bits(3);
    const orderCodes = codesOf(orders);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const code = symbol(orderCodes);
      if (code < 16) lengths.push(code);
      else if (code === 16) lengths.push(...Array<number>(3 + bits(2)).fill(lengths.at(-1) as number));
      else lengths.push(...Array<number>(code === 17 ? 3 + bits(3) : 11 + bits(7)).fill(0));
    }
    return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals))];
  };
  while (at < bytes.length * 8) {
    bits(1);
    const type = bits(2);
    if (type === 0) {
      at = (at + 7) & ~7;
      const length = bits(16);
      at += 16; // its complement
      for (let count = 0; count < length; count++) out.push(bits(8));
      continue;
    }
    const [literals, distances] = type === 1 ? fixed : dynamic();
    for (let code = symbol(literals); code !== 256; code = symbol(literals)) {
      if (code < 256) {
        out.push(code);
        continue;
      }
      const length = (lengthBase[code - 257] as number) + bits(lengthExtra[code - 257] as number);
      const back = symbol(distances);
      const extra = back < 4 ? 0 : (back >> 1) - 1;
      const distance = (back < 4 ? back : (2 + (back & 1)) << extra) + 1 + bits(extra);
      farthestBytes = Math.max(farthestBytes, distance);
      for (let count = 0; count < length; count++) out.push(out[out.length - distance] as number);
    }
  }
  return { plain: Buffer.from(out.slice(window.length)), farthestBytes };
}
