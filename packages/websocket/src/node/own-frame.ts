// What a connection sends of its own accord: the handshake's answer, pongs, the close frame.

import type { PreparedFrame } from "../core/frame.ts";

/** Told from the owner's frames by its class, since it is never taken back. */
export class OwnFrame implements PreparedFrame {
  readonly wire: Uint8Array;

  constructor(wire: Uint8Array) {
    this.wire = wire;
  }
}
