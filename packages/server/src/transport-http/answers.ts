// What this transport must know of frames that are encoded already.

import { jsonCodec, type ServerFrame } from "@heddle/protocol";
import { utf8Decode } from "@heddle/base";
import type { Frame } from "@heddle/hub/ports";

/** Longest beginning of a frame that says which request it answers. Bytes. */
const headBytes = 32;

/** The request that `ok` or `err` answers; undefined for every other frame. */
export function requestNumberOf(bytes: Uint8Array): number | undefined {
  const [, r] = /^\{"t":"(?:ok|err)","r":(\d+)/.exec(utf8Decode(bytes.subarray(0, headBytes))) ?? [];
  return r === undefined ? undefined : Number(r);
}

/** Whether the frame answers a subscription. */
export function answersSub(bytes: Uint8Array): boolean {
  return /^\{"t":"(?:subd","r"|err")/.test(utf8Decode(bytes.subarray(0, headBytes)));
}

/**
 * Whether a client that resumed learns nothing new by this: the greeting, a subscription that goes on where it stood, and
 * what is said about the connection.
 */
export function isQuiet(bytes: Uint8Array): boolean {
  const text = utf8Decode(bytes);
  if (/^\{"t":"(?:welcome|st|ping|reauth)"/.test(text)) return true;
  // Of a channel without a log there is no position to go on from: it begins anew each time.
  return /^\{"t":"subd".*"rec":"full"/s.test(text) || /^\{"t":"subd"(?!.*"p":\[)/s.test(text);
}

/** An answer of this transport's own. */
export function answerOf(frame: ServerFrame): Frame {
  const { bytes, cost } = jsonCodec.encode(frame);
  return { bytes, cost, kind: "control", alias: 0, prev: undefined, packed: undefined };
}
