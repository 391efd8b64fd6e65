// What the compressing connections of one server or dialler have in common, and what each gets for itself.

import type { Inflater, InflateFlaw } from "../core/inflater-port.ts";
import type { DeflateOptions } from "./deflate-options.ts";
import { SharedCoder, TakeoverCoder, type FrameCoder } from "./frame-coder.ts";
import type { DeflateTerms } from "./negotiation.ts";
import { Window } from "./window.ts";
import { zlibCodec, type MessageCodec } from "./zlib-codec.ts";

/** The compression of one connection. */
export interface ConnectionDeflate {
  readonly terms: DeflateTerms;
  readonly inflater: Inflater;
  /** Makes the frames as they are queued. Undefined with context takeover. */
  readonly shared: FrameCoder | undefined;
  /** Makes the frames as they are written, since one that is taken back must not enter the window. */
  readonly takeover: FrameCoder | undefined;
}

/** Serves all connections of one server or dialler. Keeps nothing per connection. */
export class DeflateKit {
  readonly options: Required<DeflateOptions>;
  readonly #codec: MessageCodec;
  readonly #inflater: Inflater;
  /** One per window size in use: mostly one, at most eight. */
  readonly #shared = new Map<number, SharedCoder>();

  constructor(options: Required<DeflateOptions>, codec: MessageCodec = zlibCodec) {
    this.options = options;
    this.#codec = codec;
    this.#inflater = new ForgetfulInflater(codec);
  }

  /** What a connection with these terms needs. Memory of its own it has only with context takeover. */
  connect(terms: DeflateTerms): ConnectionDeflate {
    const { windowBits, contextTakeover, peerWindowBits, peerContextTakeover } = terms;
    const effort = { ...this.options, windowBits };
    return {
      terms,
      inflater: peerContextTakeover ? new TakeoverInflater(this.#codec, peerWindowBits) : this.#inflater,
      shared: contextTakeover ? undefined : this.#sharedFor(windowBits),
      takeover: contextTakeover ? new TakeoverCoder(this.#codec, effort) : undefined,
    };
  }

  #sharedFor(windowBits: number): SharedCoder {
    let coder = this.#shared.get(windowBits);
    if (coder === undefined) {
      coder = new SharedCoder(this.#codec, { ...this.options, windowBits });
      this.#shared.set(windowBits, coder);
    }
    return coder;
  }
}

const noWindow = new Uint8Array(0);

/** For any number of connections whose peers send without context. */
class ForgetfulInflater implements Inflater {
  readonly #codec: MessageCodec;

  constructor(codec: MessageCodec) {
    this.#codec = codec;
  }

  inflate(payload: Uint8Array, maxBytes: number): Uint8Array | InflateFlaw {
    return this.#codec.inflate(payload, noWindow, maxBytes);
  }
}

/** For one connection whose peer refers back to earlier messages (RFC 7692 §7.2.2); plain ones do not come by here. */
class TakeoverInflater implements Inflater {
  readonly #codec: MessageCodec;
  readonly #window: Window;

  constructor(codec: MessageCodec, windowBits: number) {
    this.#codec = codec;
    this.#window = new Window(windowBits);
  }

  inflate(payload: Uint8Array, maxBytes: number): Uint8Array | InflateFlaw {
    const plain = this.#codec.inflate(payload, this.#window.bytes, maxBytes);
    if (typeof plain !== "string") this.#window.push(plain);
    return plain;
  }
}
