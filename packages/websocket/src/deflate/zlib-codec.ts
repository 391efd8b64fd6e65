// One message in, one message out, by Node's zlib (RFC 7692 §7.2). Keeps nothing between calls: what earlier messages
// left is passed in as a dictionary, so that no zlib stream lives as long as a connection.

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { InflateFlaw } from "../core/inflater-port.ts";

/** What compresses and decompresses single messages. A port, so that tests can count its calls. */
export interface MessageCodec {
  /**
   * @param plain    the message
   * @param window   the end of what came before it, empty without context takeover
   * @param options  largest window as a power of two (8…15), effort (1…9)
   * @returns the compressed payload (§7.2.1); the caller's
   */
  deflate(plain: Uint8Array, window: Uint8Array, options: { windowBits: number; level: number }): Uint8Array;
  /** The reverse (§7.2.2). At most `maxBytes` come out. Memory grows with what comes out, up to one zlib chunk above that. */
  inflate(payload: Uint8Array, window: Uint8Array, maxBytes: number): Uint8Array | InflateFlaw;
}

/** zlib matches keep this far from the window's far end, so a window of the message's size would miss its first bytes. */
const lookaheadBytes = 262;
/** Most blocks with BFINAL set in one message. Each costs a zlib stream, and two bytes can ask for one. */
const finalBlocksMax = 32;
const emptyTail = Buffer.from("0000ffff", "hex");
/** A last, empty block: what is behind it, or misses it, shows that the data is not complete. */
const lastBlock = Buffer.from("0300", "hex");
const nothing = new Uint8Array(0);

export const zlibCodec: MessageCodec = {
  deflate(plain, window, { windowBits, level }) {
    // What cannot be reached needs no window: zlib clears it for each message, which costs more than a small message.
    const useful = Math.ceil(Math.log2(window.length + plain.length + lookaheadBytes));
    const squeezed = deflateRawSync(plain, {
      level,
      // zlib has no window of 2^8. That of 2^9 never refers back more than 2^9 - 262 bytes, which a window of 2^8 holds.
      windowBits: Math.max(9, Math.min(windowBits, useful)),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...dictionary(window),
    });
    return squeezed.subarray(0, squeezed.length - emptyTail.length); // §7.2.1 step 3
  },

  inflate(payload, window, maxBytes) {
    // What some senders make of an empty message behind another one (not §7.2.3.6): zlib has nothing new to flush.
    if (payload.length === 0) return nothing;
    let rest = withTail(payload);
    let plain: Uint8Array = nothing;
    let streamWindow = window;
    for (let count = 0; count <= finalBlocksMax; count++) {
      const part = inflateStream(rest, streamWindow, maxBytes - plain.length);
      if (typeof part === "string") return part;
      plain = plain.length === 0 ? part.plain : Buffer.concat([plain, part.plain]);
      rest = rest.subarray(part.usedBytes);
      if (rest.length === 0) return plain;
      // §7.2.3.4: a block with BFINAL ended the stream, but not the message, nor the window.
      streamWindow = Buffer.concat([window, plain]).subarray(-(2 ** 15));
    }
    return "broken";
  },
};

/**
 * The payload with what its sender removed (§7.2.2), and the last block. A payload that ends in FF had nothing removed,
 * since the bits in front of what is removed are zero; senders end so when their last fragment is empty.
 */
function withTail(payload: Uint8Array): Buffer {
  const isWhole = payload[payload.length - 1] === 0xff;
  return Buffer.concat(isWhole ? [payload, lastBlock] : [payload, emptyTail, lastBlock]);
}

/** Inflates up to the first block with BFINAL. */
function inflateStream(
  bytes: Buffer,
  window: Uint8Array,
  maxBytes: number,
): { readonly plain: Buffer; readonly usedBytes: number } | InflateFlaw {
  try {
    // Each new chunk of output is counted before the next is made.
    const options = { maxOutputLength: Math.max(1, maxBytes), info: true, ...dictionary(window) };
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return buffer.length > maxBytes ? "too-big" : { plain: buffer, usedBytes: engine.bytesWritten };
  } catch (thrown) {
    const { code = "" } = thrown as { code?: string };
    if (code === "ERR_BUFFER_TOO_LARGE") return "too-big";
    if (code === "Z_DATA_ERROR" || code === "Z_BUF_ERROR") return "broken"; // not DEFLATE, or it ends too early
    throw thrown;
  }
}

const dictionary = (window: Uint8Array): { dictionary?: Uint8Array } =>
  window.length === 0 ? {} : { dictionary: window };
