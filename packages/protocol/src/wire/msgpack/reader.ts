// MessagePack bytes from outside to values: only the part of the format the wire uses, within a depth, and never more
// memory than the bytes that are really there can fill.

import { base64Encode, CodedError, messageOf, utf8Decode, utf8DecodeStrict } from "@heddle/base";
import { wireLimits } from "../limits.ts";

/** A message is not what a peer of ours sends. */
export class MessagePackError extends CodedError<
  "truncated" | "type-refused" | "too-deep" | "not-utf8" | "not-a-frame" | "payload-invalid"
> {}

const shortText = 32;

export class MessagePackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #parseJson: (text: string) => unknown;
  #at = 0;
  #wideBytes = 0;

  /**
   * @param bytes      borrowed; what is read holds no part of it
   * @param parseJson  reads payloads
   */
  constructor(bytes: Uint8Array, parseJson: (text: string) => unknown = JSON.parse) {
    this.#bytes = bytes;
    this.#parseJson = parseJson;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** How many bytes were read. */
  get at(): number {
    return this.#at;
  }

  /** By how many bytes what was read is longer than it would be if a UTF-16 unit of text took one. */
  get wideBytes(): number {
    return this.#wideBytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /**
   * The next frame: its number, and its keys under the type that `nameOf` gives it.
   *
   * @throws {MessagePackError}
   */
  frame(nameOf: (number: number) => string): Record<string, unknown> {
    if (this.#byte() !== 0x92) throw new MessagePackError("not-a-frame", "a frame is an array of two");
    const number = this.#value(1);
    if (!Number.isSafeInteger(number) || (number as number) < 0)
      throw new MessagePackError("not-a-frame", "a frame's number is a whole number from 0");
    const head = this.#byte();
    const count = mapCount(head, this);
    if (count === undefined) throw new MessagePackError("not-a-frame", "a frame's keys are a map");
    return this.#map(count, 1, { t: nameOf(number as number) });
  }

  /** A big-endian whole number of this many bytes. */
  whole(size: 1 | 2 | 4): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #value(depth: number): unknown {
    const head = this.#byte();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f);
    const count = mapCount(head, this);
    if (count !== undefined) return this.#map(count, depth, {});
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    return this.#long(head, depth);
  }

  /** What has a head of its own and its size behind it. */
  #long(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return head === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.whole(sizes[head - 0xc4] as 1)).slice();
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.whole(sizes[head - 0xcc] as 1);
      case 0xcf:
        return this.whole(4) * 2 ** 32 + this.whole(4);
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return this.#view.getInt32(this.#skip(4)) * 2 ** 32 + this.whole(4);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.whole(sizes[head - 0xd9] as 1));
      case 0xdc:
      case 0xdd:
        return this.#array(this.whole(head === 0xdc ? 2 : 4), depth);
      default:
        throw new MessagePackError("type-refused", `0x${head.toString(16)}: extensions are not part of this protocol`);
    }
  }

  #array(count: number, depth: number): unknown[] {
    this.#descend(count, depth);
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) items.push(this.#value(depth + 1));
    return items;
  }

  #map(count: number, depth: number, into: Record<string, unknown>): Record<string, unknown> {
    this.#descend(2 * count, depth);
    const type = into["t"];
    for (let index = 0; index < count; index++) {
      const key = this.#value(depth + 1);
      if (typeof key !== "string") throw new MessagePackError("type-refused", "a key is text");
      const value = this.#payload(key, this.#value(depth + 1));
      if (key !== "__proto__") into[key] = value; // would change the object, not fill it; nobody of ours sends it
    }
    if (type !== undefined) into["t"] = type;
    return into;
  }

  /** Every element has a byte at least: a count that is not covered by what came is a lie, found before it costs memory. */
  #descend(count: number, depth: number): void {
    if (depth > wireLimits.depthCount)
      throw new MessagePackError("too-deep", `more than ${wireLimits.depthCount} levels`);
    if (count > this.#bytes.length - this.#at)
      throw new MessagePackError(
        "truncated",
        `${count} elements announced, ${this.#bytes.length - this.#at} bytes came`,
      );
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    if (length <= shortText) {
      let text = "";
      for (let index = 0; index < length; index++) {
        const byte = bytes[index] as number;
        if (byte > 0x7f) return this.#strictText(bytes);
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return this.#strictText(bytes);
  }

  #strictText(bytes: Uint8Array): string {
    const text = strictText(bytes);
    this.#wideBytes += bytes.length - text.length;
    return text;
  }

  /** What a key holds, as in a JSON frame: `d` and `snap` come as JSON text, `b` as bytes. */
  #payload(key: string, value: unknown): unknown {
    if (key === "d" || key === "snap") {
      if (!(value instanceof Uint8Array))
        throw new MessagePackError("payload-invalid", `${key}: JSON text as bin wanted`);
      const text = this.#strictText(value);
      try {
        return this.#parseJson(text);
      } catch (cause) {
        throw new MessagePackError("payload-invalid", `${key}: ${messageOf(cause)}`, { cause });
      }
    }
    return key === "b" && value instanceof Uint8Array ? base64Encode(value) : value;
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)] as number;
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #skip(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at)
      throw new MessagePackError("truncated", `${length} bytes announced, ${this.#bytes.length - at} came`);
    this.#at += length;
    return at;
  }
}

const sizes = [1, 2, 4] as const;

function mapCount(head: number, reader: MessagePackReader): number | undefined {
  if (head >= 0x80 && head < 0x90) return head & 0x0f;
  return head === 0xde || head === 0xdf ? reader.whole(head === 0xde ? 2 : 4) : undefined;
}

function strictText(bytes: Uint8Array): string {
  try {
    return utf8DecodeStrict(bytes);
  } catch (cause) {
    throw new MessagePackError("not-utf8", `text is not UTF-8: ${JSON.stringify(utf8Decode(bytes.subarray(0, 20)))}`, {
      cause,
    });
  }
}
