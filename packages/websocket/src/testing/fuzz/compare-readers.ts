// Two stories about one input, told by our reader and by the one of ws: the same, or a difference with a stated reason.

import { keyBytesOf, type Limits, type Told } from "./readers.ts";
import type { Verdict } from "./target.ts";

/** Where the two part: the first events that are not the same, and all that comes from there. */
export interface Parting {
  readonly ours: Told | undefined;
  readonly theirs: Told | undefined;
  readonly ourRest: readonly Told[];
  readonly theirRest: readonly Told[];
  readonly input: Uint8Array;
  readonly keyBytes: number;
}

export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Whether this is why they part; looked up in the input itself, not only in our words. */
  explains(parting: Parting): boolean;
}

/** All differences there are between frames as we read them and as ws does, in the order they are looked for. */
export const frameDifferences: readonly Difference[] = [
  {
    name: "length form",
    reason: "§5.2 demands the shortest form of a length: 1002. ws takes any.",
    explains: ({ ours, input, keyBytes }) =>
      ours?.why === "length not in its shortest form" && isLongForm(input, ours.at - keyBytes),
  },
  {
    name: "length above 2^63",
    reason: "§5.2 demands that the highest bit is 0: 1002. For ws it is a length like others that are too big: 1009.",
    explains: ({ ours, theirs, input, keyBytes }) =>
      ours?.why === "length above 2^63" &&
      theirs?.what === "fail 1009" &&
      (input[theirs.at - 8] as number) >= 0x80 &&
      ours.at - theirs.at === keyBytes,
  },
  {
    name: "mask key awaited",
    reason: "We judge a header when it is complete, ws a length before the mask key behind it.",
    explains: ({ ours, theirs, input, keyBytes }) =>
      theirs?.what === "fail 1009" && keyBytes > 0 && isDelayed(ours, theirs, keyBytes, input),
  },
  {
    name: "half a close code",
    reason: "We refuse a close body of one byte when it is there, ws when it is announced.",
    explains: ({ ours, theirs, input, keyBytes }) =>
      theirs?.what === "fail 1002" &&
      ((input[theirs.at - 2] as number) & 0x0f) === 8 &&
      ((input[theirs.at - 1] as number) & 0x7f) === 1 &&
      isDelayed(ours, theirs, keyBytes + 1, input),
  },
  {
    name: "fragment count",
    reason: "Too many fragments are too much to hold: 1009 at the header. ws says 1008, once the fragment is complete.",
    explains: ({ ours, theirs }) =>
      ours?.why?.startsWith("message in over") === true && (theirs === undefined || theirs.what === "fail 1008"),
  },
  {
    name: "UTF-8 early",
    reason: "We refuse a text at its first impossible byte (as §8.1 allows), ws when the message is complete.",
    explains: ({ ours, theirRest, input, keyBytes }) =>
      ours?.what === "fail 1007" &&
      isFirstBadByte(input, ours.at, keyBytes) &&
      theirRest.every(({ what }) => !/^(?:text|binary)/.test(what)),
  },
];

/** Whether a length whose last byte is before `end` stands in two or eight bytes and would fit in fewer. */
function isLongForm(input: Uint8Array, end: number): boolean {
  const view = viewOf(input);
  const code = (at: number): number => (at >= 0 ? view.readUInt8(at) & 0x7f : 0);
  if (end >= 4 && code(end - 3) === 126 && view.readUInt16BE(end - 2) < 126) return true;
  return end >= 10 && code(end - 9) === 127 && view.readBigUInt64BE(end - 8) < 65_536n;
}

/** Whether we say the same `bytes` later, or did not get that far. */
function isDelayed(ours: Told | undefined, theirs: Told, bytes: number, input: Uint8Array): boolean {
  const due = theirs.at + bytes;
  return ours === undefined ? input.length < due : ours.what === theirs.what && ours.at === due;
}

/** Whether the byte before `end` is the first that its text message cannot have. */
function isFirstBadByte(input: Uint8Array, end: number, keyBytes: number): boolean {
  const { first = 0, payload = Buffer.alloc(0) } = messagesUntil(input, end, keyBytes).at(-1) ?? {};
  return (first & 0x4f) === 1 && !canBegin(payload) && canBegin(payload.subarray(0, -1));
}

/** Whether a text may begin with `bytes`. */
function canBegin(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false; // that is its answer
  }
}

/** A data message: the first byte of its first frame, and its payload. */
interface Message {
  readonly first: number;
  readonly payload: Buffer;
}

/**
 * The data messages before `end`, the last of them as far as it had come. Reads on trust: every frame that ends before
 * `end` was taken by both.
 */
export function messagesUntil(input: Uint8Array, end: number, keyBytes: number): Message[] {
  const view = viewOf(input);
  const messages: Message[] = [];
  for (let at = 0; at + 2 <= end;) {
    const first = view.readUInt8(at);
    const code = view.readUInt8(at + 1) & 0x7f;
    const from = at + (code < 126 ? 2 : code === 126 ? 4 : 10) + keyBytes;
    if (from > end) break;
    const length = code < 126 ? code : code === 126 ? view.readUInt16BE(at + 2) : Number(view.readBigUInt64BE(at + 2));
    at = from + length;
    if ((first & 0x0f) >= 8) continue;
    const key = view.subarray(from - keyBytes, from);
    const payload = view.subarray(from, Math.min(at, end)).map((byte, index) => byte ^ (key[index % 4] ?? 0));
    const open = (first & 0x0f) === 0 ? messages.pop() : undefined;
    messages.push({ first: open?.first ?? first, payload: Buffer.concat([open?.payload ?? nothing, payload]) });
  }
  return messages;
}

const nothing = Buffer.alloc(0);

const viewOf = (input: Uint8Array): Buffer => Buffer.from(input.buffer, input.byteOffset, input.length);

/** The verdict on one input; `cuts` are our reader's other stories about it. */
export function compareStories(
  input: Uint8Array,
  limits: Limits,
  stories: {
    readonly ours: readonly Told[];
    readonly cuts: readonly (readonly Told[])[];
    readonly theirs: readonly Told[];
  },
  differences: readonly Difference[],
): Verdict {
  const { ours, theirs } = stories;
  const odd = stories.cuts.find((cut) => !isSame(ours, cut));
  if (odd !== undefined) {
    return { outcome: "cuts matter", flaw: `one byte at a time: ${words(ours)}\ncut otherwise: ${words(odd)}` };
  }
  const isEqual = (index: number): boolean =>
    ours[index]?.what === theirs[index]?.what && ours[index]?.at === theirs[index]?.at;
  let same = 0;
  while (same < ours.length && same < theirs.length && isEqual(same)) same++;
  if (same === ours.length && same === theirs.length) return { outcome: outcomeOf(ours) };
  const parting: Parting = {
    ...{ ours: ours[same], theirs: theirs[same], ourRest: ours.slice(same), theirRest: theirs.slice(same), input },
    keyBytes: keyBytesOf(limits),
  };
  const known = differences.find((difference) => difference.explains(parting));
  if (known !== undefined) return { outcome: `known difference, ${known.name}` };
  return { outcome: "disagreement", flaw: `we: ${words(ours)}\nws: ${words(theirs)}` };
}

/** Cuts move events to later bytes, and nothing else. */
const isSame = (some: readonly Told[], others: readonly Told[]): boolean =>
  some.length === others.length && some.every(({ what }, index) => what === others[index]?.what);

function outcomeOf(all: readonly Told[]): string {
  const last = all.at(-1);
  if (last === undefined) return "nothing complete";
  return /^(?:fail \d+|close)/.exec(last.what)?.[0] ?? "messages";
}

const words = (all: readonly Told[]): string =>
  all.map(({ at, what, why }) => `[${at}] ${what.slice(0, 60)}${why === undefined ? "" : ` (${why})`}`).join(", ");
