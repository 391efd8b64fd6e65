// Streams of frames as the worst peer would send them. Knows how frames look on the wire, not how they are read.

import type { SeededRandom } from "@heddle/base/fakes";
import type { Role } from "../../core/opcode.ts";

/** One frame to be. `first` is the byte with FIN, reserved bits and opcode. */
export interface Frame {
  readonly first: number;
  readonly payload: Uint8Array;
  readonly isMasked: boolean;
  /** How many bytes the length takes: 0, 2 or 8. Default: as few as it fits in. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** The length claimed, when it is not the payload's. */
  readonly claims?: bigint;
}

/** Frames on the wire, one each. `role` is the reader's: a server is sent masked frames. Now and then all is noise. */
export function frameStream(random: SeededRandom, role: Role, longestBytes: number): Uint8Array[] {
  if (random.chance(0.05)) return [random.bytes(random.between(1, 60))];
  const writer = new StreamWriter(random, role === "server", longestBytes);
  for (let count = random.between(1, 10); count > 0; count--) writer.addSomething();
  const parts = writer.parts;
  if (random.chance(0.25)) for (let count = random.between(1, 3); count > 0; count--) damage(parts, random);
  return parts;
}

class StreamWriter {
  readonly parts: Uint8Array[] = [];
  readonly #random: SeededRandom;
  readonly #isMasked: boolean;
  readonly #longestBytes: number;

  constructor(random: SeededRandom, isMasked: boolean, longestBytes: number) {
    this.#random = random;
    this.#isMasked = isMasked;
    this.#longestBytes = longestBytes;
  }

  addSomething(): void {
    const random = this.#random;
    if (random.chance(0.65)) this.#addMessage();
    else if (random.chance(0.6)) this.#addPing();
    else if (random.chance(0.3)) this.#add({ first: 0x88, payload: closeBody(random) });
    else this.#addFlaw();
  }

  #add(frame: Pick<Frame, "first" | "payload"> & Partial<Frame>): void {
    this.parts.push(encode({ isMasked: this.#isMasked, ...frame }, this.#random));
  }

  /** Whole, or in fragments that cut characters, with control frames between them. */
  #addMessage(): void {
    const random = this.#random;
    const isText = random.chance(0.6);
    const payload = isText ? textBytes(random, this.#size()) : random.bytes(this.#size());
    let opcode = isText ? 1 : 2;
    let at = 0;
    for (let left = random.chance(0.5) ? 0 : random.between(1, 6); left > 0; left--) {
      const end = Math.min(payload.length, at + random.between(0, Math.ceil(payload.length / 2)));
      this.#add({ first: opcode, payload: payload.subarray(at, end) });
      at = end;
      opcode = 0;
      if (random.chance(0.2)) this.#addPing();
      if (random.chance(0.03)) return; // and it never ends
    }
    this.#add({ first: 0x80 | opcode, payload: payload.subarray(at), ...this.#lengthForm(payload.length - at) });
  }

  #size(): number {
    const random = this.#random;
    if (random.chance(0.0005)) return random.pick([65_535, 65_536, 65_537]); // ws takes its time for these
    const size = random.chance(0.7) ? random.between(0, 30) : random.pick([125, 126, 127, 300, this.#longestBytes]);
    return size + (random.chance(0.1) ? 1 : 0);
  }

  /** Nearly always the shortest; sometimes one that is too long for its number (§5.2 forbids it). */
  #lengthForm(payloadBytes: number): Pick<Frame, "lengthBytes"> {
    if (this.#random.chance(0.97)) return {};
    return { lengthBytes: payloadBytes < 65_536 ? this.#random.pick([2, 8]) : 8 };
  }

  #addPing(): void {
    const random = this.#random;
    const size = random.chance(0.8) ? random.between(0, 10) : 125;
    this.#add({ first: random.pick([0x89, 0x8a]), payload: random.bytes(size) });
  }

  /** One thing RFC 6455 forbids. */
  #addFlaw(): void {
    const random = this.#random;
    const payload = random.bytes(random.between(0, 8));
    const first = random.pick([0x81, 0x82, 0x89, 0x8a, 0x88]);
    const flaws: (Pick<Frame, "first" | "payload"> & Partial<Frame>)[] = [
      { first: first | random.pick([0x10, 0x20, 0x40, 0x70]), payload },
      { first: 0x80 | random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload },
      { first, payload, isMasked: !this.#isMasked },
      { first: random.pick([8, 9, 10]), payload },
      { first: 0x89, payload: random.bytes(random.pick([126, 200])) },
      { first: 0x80, payload },
      {
        first: 0x82,
        payload,
        lengthBytes: 8,
        claims: random.pick([2n ** 63n, 2n ** 64n - 1n, 2n ** 63n - 1n, 2n ** 53n]),
      },
      { first: 0x82, payload, lengthBytes: 8, claims: BigInt(random.u32()) },
      { first: 0x81, payload: Buffer.from("f0908080".slice(0, 2 * random.between(1, 3)), "hex") },
      { first: 0x01, payload: random.bytes(6) },
    ];
    this.#add(random.pick(flaws));
  }
}

const characters = [
  "a",
  "z",
  "\u007f",
  "\u0080",
  "é",
  "\u07ff",
  "\u0800",
  "€",
  "\ud7ff",
  "\ufeff",
  "\uffff",
  "𝄞",
  "\u{10ffff}",
];

/** Bytes that no UTF-8 holds, or not there: overlong forms, surrogates, past the end, halves. */
const nonsense = ["c080", "e08080", "f0808080", "eda080", "edbfbf", "f4908080", "f888808080", "80", "ff", "e282", "c3"];

/** Text of about that many bytes, of characters at the edges; now and then not UTF-8. */
export function textBytes(random: SeededRandom, sizeBytes: number): Buffer {
  const pieces: Buffer[] = [];
  const spoilAt = random.chance(0.1) ? random.between(0, sizeBytes) : Infinity;
  let length = 0;
  let isSpoilt = false;
  while (length < sizeBytes) {
    const isNow: boolean = !isSpoilt && length >= spoilAt;
    const next = isNow ? Buffer.from(random.pick(nonsense), "hex") : Buffer.from(random.pick(characters));
    isSpoilt ||= isNow;
    pieces.push(sizeBytes > 200 && !isNow ? Buffer.concat(Array.from({ length: 20 }, () => next)) : next);
    length += pieces.at(-1)?.length ?? 0;
  }
  return Buffer.concat(pieces);
}

function closeBody(random: SeededRandom): Uint8Array {
  if (random.chance(0.15)) return new Uint8Array(0);
  if (random.chance(0.15)) return random.bytes(1);
  const edges = [999, 1000, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65_535];
  const code = random.chance(0.5) ? random.pick([1000, 1001, 4000]) : random.pick(edges);
  const reason = textBytes(random, random.chance(0.8) ? random.between(0, 20) : 118).subarray(0, 123);
  return Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), reason]);
}

/** The frame as its sender puts it on the wire. */
export function encode({ first, payload, isMasked, lengthBytes, claims }: Frame, random: SeededRandom): Uint8Array {
  const length = claims ?? BigInt(payload.length);
  const form = lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + form);
  head[0] = first;
  head[1] = (isMasked ? 0x80 : 0) | (form === 0 ? Number(length) : form === 2 ? 126 : 127);
  if (form === 2) head.writeUInt16BE(Number(length), 2);
  if (form === 8) head.writeBigUInt64BE(length, 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  const key = random.chance(0.1) ? new Uint8Array(4) : random.bytes(4);
  return Buffer.concat([head, key, payload.map((byte, index) => byte ^ (key[index % 4] as number))]);
}

/** Does to a list of parts what a broken network card or a curious person would. */
export function damage(parts: Uint8Array[], random: SeededRandom): void {
  const index = random.between(0, parts.length - 1);
  const part = parts[index] as Uint8Array;
  const at = random.between(0, Math.max(0, part.length - 1));
  // Headers are where it hurts.
  const near = random.chance(0.6) ? Math.min(at, random.between(0, 13)) : at;
  const most = Math.min(part.length, near + random.between(1, 9));
  switch (random.between(0, 5)) {
    case 0:
      parts[index] = part.map((byte, where) => (where === near ? byte ^ (1 << random.between(0, 7)) : byte));
      break;
    case 1:
      parts[index] = part.map((byte, where) => (where === near ? random.between(0, 255) : byte));
      break;
    case 2:
      parts[index] = Buffer.concat([part.subarray(0, near), part.subarray(most)]);
      break;
    case 3:
      parts[index] = Buffer.concat([part.subarray(0, most), part.subarray(near)]);
      break;
    case 4:
      parts.splice(index, 1, part.subarray(0, near), random.bytes(random.between(0, 4)));
      break;
    default:
      parts.splice(index + 1, 0, part);
  }
}
