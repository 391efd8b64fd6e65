// UTF-8 that arrives in pieces (RFC 3629 §4, RFC 6455 §8.1): says no at the first byte that cannot be right.

import type { BytesPort } from "./bytes-port.ts";

/** Checks one text at a time. A piece may end inside a character; `isComplete` tells. */
export class Utf8Checker {
  readonly #host: BytesPort;
  /** Continuation bytes the open character still needs. */
  #missing = 0;
  /** Range of the next continuation byte; narrower than 80–BF right after E0, ED, F0 and F4. */
  #least = 0x80;
  #most = 0xbf;

  constructor(host: BytesPort) {
    this.#host = host;
  }

  /** Whether no character is open: the text may end here. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Forgets the current text. */
  reset(): void {
    this.#missing = 0;
    this.#least = 0x80;
    this.#most = 0xbf;
  }

  /** Takes the next piece. False as soon as no continuation could make the text valid; then `reset` before reuse. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end && this.#missing > 0) {
      if (!this.#step(bytes[at++] as number)) return false;
    }
    // The host checks everything up to the last character's first byte; that character may still be open.
    const tail = lastCharacterStart(bytes, at, end);
    if (tail > at && !this.#host.isUtf8(bytes, at, tail)) return false;
    for (at = tail; at < end; at++) {
      if (!this.#step(bytes[at] as number)) return false;
    }
    return true;
  }

  #step(byte: number): boolean {
    if (this.#missing > 0) {
      if (byte < this.#least || byte > this.#most) return false;
      this.#missing--;
      this.#least = 0x80;
      this.#most = 0xbf;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xc2 || byte > 0xf4) return false; // C0, C1: overlong; F5 and up: past U+10FFFF
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80; // shorter forms exist
    this.#most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf; // surrogates; past U+10FFFF
    return true;
  }
}

/** Index of the last byte in [start, end) that is no continuation byte, looking back four bytes at most. */
function lastCharacterStart(bytes: Uint8Array, start: number, end: number): number {
  const least = Math.max(start, end - 4);
  for (let at = end - 1; at >= least; at--) {
    if (((bytes[at] as number) & 0xc0) !== 0x80) return at;
  }
  return end; // four continuation bytes in a row are no UTF-8; the host will say so
}
