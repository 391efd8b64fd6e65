// What the core asks of its host about memory and text, so that it needs no Node module and no slow path of its own.

/** Memory and UTF-8 as the host does them best. */
export interface BytesPort {
  /** Memory of `size` bytes, contents unspecified; the caller owns it. */
  allocate(size: number): Uint8Array;
  /** Text of `bytes[start, end)`, or undefined when that is not UTF-8. */
  decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** Whether `bytes[start, end)` is complete, valid UTF-8. */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
}
