// The corpus: inputs worth starting from, a file each, and how a new input is made of them.

import { readdirSync, readFileSync } from "node:fs";
import type { SeededRandom } from "@heddle/base/fakes";

/** Inputs of this kind, in the order of their names. */
export function corpusOf(kind: string): readonly Uint8Array[] {
  const folder = new URL(`corpus/${kind}/`, import.meta.url);
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(new URL(name, folder)));
}

/** Bytes on which parsers turn, put in anywhere. */
const tokens = [
  '"',
  "\\",
  "\\u",
  "[",
  "]",
  "{",
  "}",
  ":",
  ",",
  ";",
  "=",
  "\n",
  "\r\n",
  "%",
  "null",
  "1e999",
  "__proto__",
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.of(0), Buffer.of(0x92), Buffer.of(0xc1), Buffer.of(0xdf, 255, 255, 255, 255), Buffer.of(0xed, 0xa0)]);

const changesMax = 8;
const bytesMax = 4_096;
const partBytes = 16;

/** One of the corpus, changed a few times; some as they are. In parts of a few bytes. */
export function changed(corpus: readonly Uint8Array[], random: SeededRandom): readonly Uint8Array[] {
  const one = (): Buffer => Buffer.from(corpus[random.between(0, corpus.length - 1)] as Uint8Array);
  let bytes = one();
  for (let count = random.between(0, changesMax); count > 0; count--) bytes = change(bytes, one, random);
  bytes = bytes.subarray(0, bytesMax);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += partBytes) parts.push(bytes.subarray(at, at + partBytes));
  return parts;
}

function change(bytes: Buffer, other: () => Buffer, random: SeededRandom): Buffer {
  const [a, b] = [random.between(0, bytes.length), random.between(0, bytes.length)].sort((x, y) => x - y) as [
    number,
    number,
  ];
  const [before, range, after] = [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
  const token = tokens[random.between(0, tokens.length - 1)] as Buffer;
  switch (random.between(0, 5)) {
    case 0: // a range is gone
      return Buffer.concat([before, after]);
    case 1: // and there again, often
      return Buffer.concat([before, ...Array.from({ length: random.between(2, 40) }, () => range), after]);
    case 2:
      return Buffer.concat([before, ...Array.from({ length: random.between(1, 200) }, () => token), bytes.subarray(a)]);
    case 3: // the rest of another
      return Buffer.concat([before, other().subarray(random.between(0, 20))]);
    case 4:
      return Buffer.concat([before, random.bytes(random.between(1, 4)), after]);
    default: {
      const flipped = Buffer.from(bytes);
      if (a < flipped.length) flipped[a] = (flipped[a] as number) ^ (1 << random.between(0, 7));
      return flipped;
    }
  }
}
