// What a connection will write at the end of the turn, as a path in a tree that all connections of a writer share.
// Receivers of the same frames stand on the same node, so that their bytes are joined once and written by all.

import { writeMasked, type PreparedFrame } from "../core/frame.ts";
import type { FrameCoder } from "../deflate/frame-coder.ts";
import { asBuffer } from "./node-bytes.ts";

/** A frame this large is written from where it is; copying it into a joined buffer would cost more than a writev entry. */
const joinFrameBytesMax = 16_384;

/** A list of frames: its last frame, and the list before it. The root is the empty list. */
export class PendingNode {
  /** Bytes of all frames, as a server writes them. */
  readonly byteLength: number;
  readonly frameCount: number;
  readonly #coder: FrameCoder | undefined;
  readonly #before: PendingNode | undefined;
  readonly #frame: PreparedFrame | undefined;
  /** The frame's bytes as this list sends them. */
  readonly #wire: Uint8Array | undefined;
  /** The latest continuation. One slot: receivers of one publication come one after the other. */
  #nextFrame: PreparedFrame | undefined;
  #next: PendingNode | undefined;
  #chunks: readonly Buffer[] | undefined;

  /** @param coder  makes the bytes of every frame of the list; without it they go as they are */
  constructor(coder?: FrameCoder, before?: PendingNode, frame?: PreparedFrame) {
    this.#coder = coder;
    this.#before = before;
    this.#frame = frame;
    const wire = coder === undefined || frame === undefined ? frame?.wire : coder.wireOf(frame);
    this.#wire = wire;
    this.byteLength = before === undefined || wire === undefined ? 0 : before.byteLength + wire.length;
    this.frameCount = before === undefined ? 0 : before.frameCount + 1;
  }

  /** The list with `frame` behind it. */
  append(frame: PreparedFrame): PendingNode {
    if (frame === this.#nextFrame && this.#next !== undefined) return this.#next;
    const next = new PendingNode(this.#coder, this, frame);
    this.#nextFrame = frame;
    this.#next = next;
    return next;
  }

  /** The frames, oldest first. */
  frames(): PreparedFrame[] {
    const frames = new Array<PreparedFrame>(this.frameCount);
    for (let node: PendingNode = this; node.#before !== undefined; node = node.#before) {
      frames[node.frameCount - 1] = node.#frame as PreparedFrame;
    }
    return frames;
  }

  /** The same frames as `coder` makes them, oldest first. */
  codedBy(coder: FrameCoder): PendingNode {
    let node = new PendingNode(coder);
    for (const frame of this.frames()) node = node.append(frame);
    return node;
  }

  /**
   * The bytes as a server writes them, unmasked (RFC 6455 §5.1): one buffer unless large frames are among them. Made
   * once, shared by all callers.
   */
  chunks(): readonly Buffer[] {
    return (this.#chunks ??= this.#makeChunks());
  }

  /** The bytes as a client writes them: each frame masked with a key of its own, so nothing is shared (RFC 6455 §5.3). */
  masked(nextKey: () => number): Buffer {
    const joined = Buffer.allocUnsafe(this.byteLength + 4 * this.frameCount);
    let at = 0;
    for (const wire of this.#wires()) at = writeMasked(joined, at, wire, nextKey());
    return joined;
  }

  /**
   * Lets go of what only other connections need, along the whole list. For a list that outlives its turn: it would keep
   * their frames alive, uncounted.
   */
  forgetOthers(): void {
    for (let node: PendingNode | undefined = this; node !== undefined; node = node.#before) {
      node.#nextFrame = undefined;
      node.#next = undefined;
      node.#chunks = undefined;
    }
  }

  #wires(): Uint8Array[] {
    const wires = new Array<Uint8Array>(this.frameCount);
    for (let node: PendingNode = this; node.#before !== undefined; node = node.#before) {
      wires[node.frameCount - 1] = node.#wire as Uint8Array;
    }
    return wires;
  }

  #makeChunks(): readonly Buffer[] {
    if (this.frameCount === 1) return [asBuffer(this.#wire as Uint8Array)];
    const chunks: Buffer[] = [];
    let run: Uint8Array[] = [];
    const closeRun = (): void => {
      if (run.length > 0) chunks.push(join(run));
      run = [];
    };
    for (const wire of this.#wires()) {
      if (wire.length <= joinFrameBytesMax) {
        run.push(wire);
        continue;
      }
      closeRun();
      chunks.push(asBuffer(wire));
    }
    closeRun();
    return chunks;
  }
}

function join(wires: readonly Uint8Array[]): Buffer {
  const first = wires[0] as Uint8Array;
  if (wires.length === 1) return asBuffer(first);
  let length = 0;
  for (const wire of wires) length += wire.length;
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (const wire of wires) {
    joined.set(wire, at);
    at += wire.length;
  }
  return joined;
}
