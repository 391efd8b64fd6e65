// The end of what one direction of a connection carried: what context takeover lets the next message refer back to.

const nothing = new Uint8Array(0);

/** The last 2^bits bytes of the messages it was given; memory grows with them and is never more. */
export class Window {
  readonly #sizeBytes: number;
  #bytes: Uint8Array = nothing;

  /** @param bits  8…15 */
  constructor(bits: number) {
    this.#sizeBytes = 2 ** bits;
  }

  /** Borrowed until the next `push`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Adds a message, which is copied. */
  push(plain: Uint8Array): void {
    const size = this.#sizeBytes;
    const fresh = plain.length > size ? plain.subarray(plain.length - size) : plain;
    const length = Math.min(size, this.#bytes.length + fresh.length);
    const keptBytes = length - fresh.length;
    const kept = this.#bytes.subarray(this.#bytes.length - keptBytes);
    // Memory of its own: a pooled slice would keep the pool alive.
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
    this.#bytes.set(kept, 0); // a move when it is the same memory
    this.#bytes.set(fresh, keptBytes);
  }
}
