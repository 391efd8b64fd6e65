// Which partition a name belongs to, and the hash tag of each partition: a short text whose Cluster slot lies in the middle of
// the partition's share of slots, so that slots cut into equal parts carry equal numbers of partitions.

import { utf8Encode } from "@heddle/base";

const slotCount = 16_384;

/** CRC-16/XMODEM, as Redis Cluster computes slots. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}

/** The Cluster slot of a key whose hash tag is `tag`. */
export const slotOf = (tag: string): number => crc16(utf8Encode(tag)) % slotCount;

/** One tag for each of `count` equal intervals of slots: the shortest and first in base 36 that falls into its middle half. */
export function hashTags(count: number): readonly string[] {
  const share = slotCount / count;
  const tags = new Map<number, string>();
  for (let number = 0; tags.size < count; number++) {
    const tag = number.toString(36);
    const slot = slotOf(tag);
    const interval = Math.floor(slot / share);
    const within = slot / share - interval;
    if (within >= 0.25 && within < 0.75 && !tags.has(interval)) tags.set(interval, tag);
  }
  return Array.from({ length: count }, (_, interval) => tags.get(interval) as string);
}

/** Where names are kept: the partition of each, and the keys of a channel. */
export class KeySpace {
  readonly tags: readonly string[];
  readonly slots: readonly number[];
  readonly #prefix: string;

  constructor(prefix: string, count: number) {
    this.#prefix = prefix;
    this.tags = hashTags(count);
    this.slots = this.tags.map(slotOf);
  }

  partitionOf(name: string): number {
    return crc16(utf8Encode(name)) % this.tags.length;
  }

  /** The name of something in a partition. `kind` keeps apart what has the same name. */
  key(partition: number, kind: string, name: string): string {
    return `${this.#prefix}{${this.tags[partition]}}${kind}:${name}`;
  }

  /** Where is written what all nodes must agree on: in the first partition. */
  get layout(): string {
    return this.key(0, "layout", "");
  }
}
