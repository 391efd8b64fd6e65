// Streams of compressed messages, good ones and bad ones. Knows DEFLATE as zlib writes it, not how it is read.

import { constants, deflateRawSync, type ZlibOptions } from "node:zlib";
import type { SeededRandom } from "@heddle/base/fakes";
import type { Role } from "../../core/opcode.ts";
import { damage, encode, textBytes, type Frame } from "./frame-stream.ts";

/** What the two ends agreed on. */
export interface Agreed {
  readonly role: Role;
  /** Whether messages may refer back to earlier ones. */
  readonly takeover: boolean;
}

/** Eight megabytes that take eight kilobytes. */
const bomb = deflateRawSync(Buffer.alloc(2 ** 23), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** Frames on the wire, one each. */
export function compressedStream(random: SeededRandom, { role, takeover }: Agreed): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let window: Buffer = Buffer.alloc(0);
  const add = (first: number, payload: Uint8Array, more: Partial<Frame> = {}): void =>
    void parts.push(encode({ first, payload, isMasked: role === "server", ...more }, random));
  for (let count = random.between(1, 4); count > 0; count--) {
    const isText = random.chance(0.4);
    const plain = isText ? textBytes(random, random.between(0, 300)) : bytesOf(random);
    const isPlain = random.chance(0.1);
    const payload = isPlain ? plain : compressed(plain, window, random);
    if (takeover && !isPlain) window = Buffer.concat([window, plain]).subarray(-32_768);
    addInFrames(payload, (isText ? 1 : 2) | (isPlain ? 0 : 0x40), random, add);
    if (random.chance(0.1)) add(random.pick([0x89, 0xc9]), random.bytes(3)); // RSV1 means nothing on a ping
  }
  if (random.chance(0.1)) damage(parts, random);
  return parts;
}

function addInFrames(
  payload: Uint8Array,
  first: number,
  random: SeededRandom,
  add: (first: number, payload: Uint8Array) => void,
): void {
  let start = first;
  let at = 0;
  for (let left = random.chance(0.6) ? 0 : random.between(1, 4); left > 0; left--) {
    const end = Math.min(payload.length, at + random.between(0, payload.length));
    add(start, payload.subarray(at, end));
    at = end;
    start = random.chance(0.01) ? 0x40 : 0; // RSV1 belongs to the first frame alone
    if (random.chance(0.1)) add(0x89, random.bytes(2));
  }
  add(0x80 | start, payload.subarray(at));
}

/** Compressible, mostly. */
function bytesOf(random: SeededRandom): Buffer {
  if (random.chance(0.2)) return Buffer.from(random.bytes(random.between(0, 400)));
  const pattern = random.bytes(random.between(1, 20));
  return Buffer.concat(Array.from({ length: random.between(0, 60) }, () => pattern));
}

/** A payload as §7.2.1 of RFC 7692 wants it, or as its other sections allow it, or damaged. */
function compressed(plain: Buffer, window: Buffer, random: SeededRandom): Uint8Array {
  if (random.chance(0.03)) return bomb;
  if (random.chance(0.02)) return new Uint8Array(0);
  if (random.chance(0.03)) return random.bytes(random.between(0, 60));
  const options: ZlibOptions = {
    level: random.pick([0, 1, 6, 9]),
    strategy: random.pick([constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]),
    windowBits: random.pick([9, 12, 15]),
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(window.length === 0 ? {} : { dictionary: window }),
  };
  let payload: Uint8Array = deflateRawSync(plain, options).subarray(0, -4);
  const form = random.float();
  if (form < 0.05) {
    // §7.2.3.4: a block with BFINAL, and an empty one behind it.
    payload = Buffer.concat([deflateRawSync(plain, { ...options, finishFlush: constants.Z_FINISH }), Buffer.alloc(1)]);
  } else if (form < 0.1) {
    payload = Buffer.concat([payload, Buffer.from("0000ffff", "hex")]); // nothing removed
    if (random.chance(0.5)) payload = Buffer.concat([payload, Uint8Array.of(0)]); // §7.2.3.5: another empty block
  }
  if (!random.chance(0.25)) return payload;
  const damaged = [payload];
  damage(damaged, random);
  return Buffer.concat(damaged);
}
