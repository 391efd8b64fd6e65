// What a connection will write at the end of the turn, as a path in a tree that all connections of a writer share.
// Receivers of the same frames stand on the same node, so that their bytes are joined once and written by all.

import { writeMasked, type PreparedFrame } from "../core/frame.ts";
import { asBuffer } from "./node-bytes.ts";

/** A frame this large is written from where it is; copying it into a joined buffer would cost more than a writev entry. */
const joinFrameBytesMax = 16_384;

/** A list of frames: its last frame, and the list before it. The root is the empty list. */
export class PendingNode {
  /** Bytes of all frames, as a server writes them. */
  readonly byteLength: number;
  readonly frameCount: number;
  readonly #before: PendingNode | undefined;
  readonly #frame: PreparedFrame | undefined;
  /** The latest continuation. One slot: receivers of one publication come one after the other. */
  #nextFrame: PreparedFrame | undefined;
  #next: PendingNode | undefined;
  #chunks: readonly Buffer[] | undefined;

  constructor(before?: PendingNode, frame?: PreparedFrame) {
    this.#before = before;
    this.#frame = frame;
    this.byteLength = before === undefined || frame === undefined ? 0 : before.byteLength + frame.wire.length;
    this.frameCount = before === undefined ? 0 : before.frameCount + 1;
  }

  /** The list with `frame` behind it. */
  append(frame: PreparedFrame): PendingNode {
    if (frame === this.#nextFrame && this.#next !== undefined) return this.#next;
    const next = new PendingNode(this, frame);
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

  /** The bytes as a server writes them, one buffer unless large frames are among them. Made once, shared by all callers. */
  chunks(): readonly Buffer[] {
    return (this.#chunks ??= this.#makeChunks());
  }

  /** The bytes as a client writes them: each frame masked with a key of its own, so nothing is shared (RFC 6455 §5.3). */
  masked(nextKey: () => number): Buffer {
    const joined = Buffer.allocUnsafe(this.byteLength + 4 * this.frameCount);
    let at = 0;
    for (const frame of this.frames()) at = writeMasked(joined, at, frame, nextKey());
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

  #makeChunks(): readonly Buffer[] {
    if (this.frameCount === 1) return [asBuffer((this.#frame as PreparedFrame).wire)];
    const chunks: Buffer[] = [];
    let run: PreparedFrame[] = [];
    const closeRun = (): void => {
      if (run.length > 0) chunks.push(join(run));
      run = [];
    };
    for (const frame of this.frames()) {
      if (frame.wire.length <= joinFrameBytesMax) {
        run.push(frame);
        continue;
      }
      closeRun();
      chunks.push(asBuffer(frame.wire));
    }
    closeRun();
    return chunks;
  }
}

function join(frames: readonly PreparedFrame[]): Buffer {
  const first = frames[0] as PreparedFrame;
  if (frames.length === 1) return asBuffer(first.wire);
  let length = 0;
  for (const frame of frames) length += frame.wire.length;
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (const frame of frames) {
    joined.set(frame.wire, at);
    at += frame.wire.length;
  }
  return joined;
}
