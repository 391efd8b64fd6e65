// What an owner decides about compression: its defaults, its ranges.

import { expectInteger, OptionError } from "@heddle/base";

export interface DeflateOptions {
  /** Messages with a smaller payload go plain. Bytes, 0…2^28, default 1_024. */
  readonly thresholdBytes?: number;
  /** Effort: 1 is fastest, 9 smallest. 1…9, default 1: it runs in the event loop. */
  readonly level?: number;
  /** Largest LZ77 window our messages use, as a power of two. 8…15, default 15. */
  readonly windowBits?: number;
  /** Window the peer is asked to keep to, where it can be asked. It limits what `peerContextTakeover` keeps. 8…15, default 15. */
  readonly peerWindowBits?: number;
  /**
   * Whether our messages may refer back to earlier ones of the connection, if the peer allows it. Smaller messages, but
   * each is compressed anew for each receiver, and up to 2^windowBits bytes are kept per connection. Default false.
   */
  readonly contextTakeover?: boolean;
  /** Whether the peer's messages may do so; up to 2^peerWindowBits bytes are kept per connection. Default false. */
  readonly peerContextTakeover?: boolean;
}

/** The option as servers and diallers have it. */
export interface DeflateChoice {
  /** Compression of messages (permessage-deflate, RFC 7692). `{}` offers or accepts it. Default false. */
  readonly deflate?: false | DeflateOptions;
}

export const deflateDefaults: Required<DeflateOptions> = {
  thresholdBytes: 1_024,
  level: 1,
  windowBits: 15,
  peerWindowBits: 15,
  contextTakeover: false,
  peerContextTakeover: false,
};

/** Fills in the defaults; undefined when compression is off. @throws {OptionError} naming the field, its value and its range */
export function resolveDeflate(given: false | DeflateOptions = false): Required<DeflateOptions> | undefined {
  if (given === false) return undefined;
  if (typeof given !== "object" || given === null) throw new OptionError("deflate", given, "false or an object");
  const settled = { ...deflateDefaults, ...given };
  expectInteger("deflate.thresholdBytes", settled.thresholdBytes, 0, 2 ** 28);
  expectInteger("deflate.level", settled.level, 1, 9);
  expectInteger("deflate.windowBits", settled.windowBits, 8, 15);
  expectInteger("deflate.peerWindowBits", settled.peerWindowBits, 8, 15);
  for (const field of ["contextTakeover", "peerContextTakeover"] as const) {
    if (typeof settled[field] !== "boolean") throw new OptionError(`deflate.${field}`, settled[field], "true or false");
  }
  return settled;
}
