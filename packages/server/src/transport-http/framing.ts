// How frames stand in a body: a line each, or an event each.

import { utf8Decode, utf8Encode } from "@heddle/base";
import type { Frame } from "@heddle/hub/ports";

export interface Framing {
  readonly type: string;
  /** Bytes in front of the first frame. */
  readonly preamble: Uint8Array;
  pack(frame: Frame): Uint8Array;
}

const empty = new Uint8Array(0);
/**
 * Some proxies and browsers show nothing of a body before it has a kilobyte or two. A comment, which every reader of
 * events skips (WHATWG HTML §9.2.6).
 */
const padding = utf8Encode(`:${" ".repeat(2_046)}\n\n`);

/** Wraps each frame, and remembers the last: receivers of one publication come one after the other. */
function wrapped(before: string, after: string): (frame: Frame) => Uint8Array {
  const head = utf8Encode(before);
  const tail = utf8Encode(after);
  let last: Frame | undefined;
  let lastPacked = empty;
  return (frame) => {
    if (frame === last) return lastPacked;
    const packed = new Uint8Array(head.length + frame.bytes.length + tail.length);
    packed.set(head);
    packed.set(frame.bytes, head.length);
    packed.set(tail, head.length + frame.bytes.length);
    last = frame;
    lastPacked = packed;
    return packed;
  };
}

/** A frame a line. One for all bodies. */
export const lines: Framing = { type: "application/x-ndjson", preamble: empty, pack: wrapped("", "\n") };

/** A frame an event. One for all bodies. */
export const events: Framing = { type: "text/event-stream", preamble: padding, pack: wrapped("data: ", "\n\n") };

/**
 * Events of one channel whose ids are positions, `epoch.offset.tag`, so that a browser's `EventSource` brings the last of
 * them back (`Last-Event-ID`). One for each body: the epoch is that of the frames before.
 */
export function eventsWithIds(): Framing {
  let epoch = "";
  const idOf = (text: string): string => {
    const publication = /^\{"t":"(?:m|skip)","c":\d+,"o":(\d+),"g":(\d+)/.exec(text);
    if (publication !== null) return epoch === "" ? "" : `id: ${epoch}.${publication[1]}.${publication[2]}\n`;
    const [, is, other] = /^\{"t":"(subd|gap|live)"(.*)$/s.exec(text) ?? [];
    const key = is === "gap" ? "to" : "p";
    const [, e, o, g] = new RegExp(`"${key}":\\["([A-Za-z0-9_-]{1,16})",(\\d+),(\\d+)\\]`).exec(other ?? "") ?? [];
    if (e === undefined) return "";
    epoch = e;
    return `id: ${e}.${o}.${g}\n`;
  };
  return {
    type: events.type,
    preamble: padding,
    pack(frame) {
      const text = utf8Decode(frame.bytes);
      return utf8Encode(`${idOf(text)}data: ${text}\n\n`);
    },
  };
}
