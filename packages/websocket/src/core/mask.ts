// The XOR of RFC 6455 §5.3, in place. Four bytes at a time when that pays.

/** Below this many bytes the set-up of a word view costs more than it saves (measured). */
const wordPathBytesMin = 160;

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Masks or unmasks `bytes[start, end)` where it stands.
 *
 * @param key    the four key bytes as on the wire, first byte in the highest bits
 * @param phase  how many payload bytes of this frame came before `start`
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void {
  const turned = rotateLeft(key, phase & 3);
  if (end - start < wordPathBytesMin) {
    applyBytes(bytes, start, end, turned);
    return;
  }
  const misaligned = (bytes.byteOffset + start) & 3;
  const wordsFrom = misaligned === 0 ? start : start + 4 - misaligned;
  const wordCount = (end - wordsFrom) >>> 2;
  applyBytes(bytes, start, wordsFrom, turned);
  const wordKey = rotateLeft(turned, (wordsFrom - start) & 3);
  applyWords(new Int32Array(bytes.buffer, bytes.byteOffset + wordsFrom, wordCount), asNativeWord(wordKey));
  applyBytes(bytes, wordsFrom + wordCount * 4, end, wordKey);
}

function applyBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  let at = start;
  for (const wholeEnd = end - 3; at < wholeEnd; at += 4) {
    bytes[at] = (bytes[at] as number) ^ k0;
    bytes[at + 1] = (bytes[at + 1] as number) ^ k1;
    bytes[at + 2] = (bytes[at + 2] as number) ^ k2;
    bytes[at + 3] = (bytes[at + 3] as number) ^ k3;
  }
  if (at < end) bytes[at] = (bytes[at] as number) ^ k0;
  if (at + 1 < end) bytes[at + 1] = (bytes[at + 1] as number) ^ k1;
  if (at + 2 < end) bytes[at + 2] = (bytes[at + 2] as number) ^ k2;
}

function applyWords(words: Int32Array, key: number): void {
  for (let index = 0; index < words.length; index++) words[index] = (words[index] as number) ^ key;
}

const rotateLeft = (word: number, byteCount: number): number =>
  byteCount === 0 ? word : (word << (8 * byteCount)) | (word >>> (32 - 8 * byteCount));

const asNativeWord = (word: number): number =>
  isLittleEndian ? (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24) : word | 0;
