// Values to MessagePack bytes, the part of the format the wire uses. Knows nothing of frames but three keys: what `d` and
// `snap` hold is written as JSON text, what `b` holds as bytes.

import { base64Decode, utf8Encode } from "@heddle/base";

/** Text up to this is looked at character by character, which for short ASCII beats an encoder. Characters. */
const shortText = 64;
const headBytesMax = 9;

export class MessagePackWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param sizeHint  bytes it will probably be; it grows when needed */
  constructor(sizeHint = 256) {
    this.#bytes = new Uint8Array(sizeHint);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written, in memory of its own. */
  finish(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at);
  }

  array(count: number): void {
    this.#head(count, 0x90, 15, 0, 0xdc);
  }

  map(count: number): void {
    this.#head(count, 0x80, 15, 0, 0xde);
  }

  binary(bytes: Uint8Array): void {
    this.#head(bytes.length, 0, -1, 0xc4, 0xc5);
    this.#append(bytes);
  }

  text(text: string): void {
    if (text.length > shortText || !isAscii(text)) {
      const bytes = utf8Encode(text);
      this.#head(bytes.length, 0xa0, 31, 0xd9, 0xda);
      return this.#append(bytes);
    }
    this.#head(text.length, 0xa0, 31, 0xd9, 0xda);
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) this.#bytes[this.#at++] = text.charCodeAt(index);
  }

  /** The shortest form of a whole number; others as float 64. */
  number(value: number): void {
    this.#reserve(headBytesMax);
    if (!Number.isSafeInteger(value)) {
      this.#byte(0xcb);
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    } else if (value < 0) this.#negative(value);
    else if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#sized(0xcc, value, 1);
    else if (value < 0x1_0000) this.#sized(0xcd, value, 2);
    else if (value < 0x1_0000_0000) this.#sized(0xce, value, 4);
    else this.#wide(0xcf, value);
  }

  /** Keys and values of `object`, but for those that are undefined and `without`; `extraCount` more will follow. */
  fields(object: object, without?: string, extraCount = 0): void {
    const fields = Object.entries(object).filter(([key, value]) => value !== undefined && key !== without);
    this.map(fields.length + extraCount);
    for (const [key, value] of fields) this.field(key, value);
  }

  field(key: string, value: unknown): void {
    this.text(key);
    if (key === "d" || key === "snap") this.binary(utf8Encode(JSON.stringify(value)));
    else if (key === "b" && typeof value === "string") this.binary(base64Decode(value) ?? new Uint8Array(0));
    else this.value(value);
  }

  /** Any JSON value. @throws {TypeError} when it is none */
  value(value: unknown): void {
    if (typeof value === "string") this.text(value);
    else if (typeof value === "number") this.number(value);
    else if (Array.isArray(value)) {
      this.array(value.length);
      for (const item of value) this.value(item);
    } else if (typeof value === "object" && value !== null) this.fields(value);
    else {
      const head = ([null, false, true] as unknown[]).indexOf(value);
      if (head === -1) throw new TypeError(`${typeof value} is no JSON value`);
      this.#reserve(1);
      this.#byte([0xc0, 0xc2, 0xc3][head] as number);
    }
  }

  /** @param short  head of the form that holds counts up to `shortMax` itself; @param byte  head with a byte of count, 0: none */
  #head(count: number, short: number, shortMax: number, byte: number, word: number): void {
    this.#reserve(headBytesMax);
    if (count <= shortMax) this.#byte(short | count);
    else if (byte !== 0 && count < 0x100) this.#sized(byte, count, 1);
    else if (count < 0x1_0000) this.#sized(word, count, 2);
    else this.#sized(word + 1, count, 4);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#sized(0xd0, value & 0xff, 1);
    else if (value >= -0x8000) this.#sized(0xd1, value & 0xffff, 2);
    else if (value >= -0x8000_0000) this.#sized(0xd2, value >>> 0, 4);
    else this.#wide(0xd3, value);
  }

  #byte(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  #sized(head: number, value: number, size: 1 | 2 | 4): void {
    this.#byte(head);
    if (size === 1) this.#view.setUint8(this.#at, value);
    else if (size === 2) this.#view.setUint16(this.#at, value);
    else this.#view.setUint32(this.#at, value);
    this.#at += size;
  }

  #wide(head: number, value: number): void {
    this.#byte(head);
    this.#view.setUint32(this.#at, Math.floor(value / 2 ** 32) >>> 0);
    this.#view.setUint32(this.#at + 4, value >>> 0);
    this.#at += 8;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + size));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
