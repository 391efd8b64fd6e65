// What the reader asks of whoever undoes the compression of messages (RFC 7692), so that the core needs no zlib.

/** `broken`: no DEFLATE data, or an incomplete one. `too-big`: more than the limit comes out. */
export type InflateFlaw = "broken" | "too-big";

/** The decompressor of one direction of a connection; it may remember earlier messages. */
export interface Inflater {
  /**
   * @param payload   a compressed message; borrowed until this returns
   * @param maxBytes  most bytes that may come out
   * @returns the message, the caller's until the next call; after a flaw the inflater is not used again
   */
  inflate(payload: Uint8Array, maxBytes: number): Uint8Array | InflateFlaw;
}
