// What a client posts: a line per frame, the first of them `hello`.

import { concatBytes, utf8DecodeStrict, within, type Clock } from "@heddle/base";
import { isTooDeep, parseShallow } from "@heddle/protocol";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";

export interface BodyLimits {
  /** Most bytes of a body; above it 413. */
  readonly bodyBytes: number;
  /** From the request's head to the body's end; then 408. Milliseconds. */
  readonly bodyMs: number;
}

/** A body's frames, not yet checked beyond this: each is an object with `t`. */
export interface Posted {
  readonly hello: Readonly<Record<string, unknown>>;
  readonly frames: readonly PostedFrame[];
}

export interface PostedFrame {
  readonly t: string;
  /** The request number; undefined where there is none. */
  readonly r: number | undefined;
  readonly text: string;
}

/** @returns what was posted, or the answer that refuses it */
export async function readPosted(request: HttpRequest, limits: BodyLimits, clock: Clock): Promise<Posted | HttpAnswer> {
  const text = await readText(request, limits, clock);
  if (typeof text !== "string") return text;
  const frames: PostedFrame[] = [];
  let hello: Posted["hello"] | undefined;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const value = parse(line);
    if (value === undefined) return malformed("each line of the body is a frame: a JSON object with t");
    if (hello !== undefined)
      frames.push({ t: value.t, r: typeof value["r"] === "number" ? value["r"] : undefined, text: line });
    else if (value.t === "hello") hello = withToken(value, request);
    else return malformed("the first frame is hello");
  }
  return hello === undefined ? malformed("the body begins with hello") : { hello, frames };
}

export const isAnswer = (value: Posted | HttpAnswer): value is HttpAnswer => Array.isArray(value);

const malformed = (why: string): HttpAnswer => jsonAnswer(400, { error: why });

/** The token of an `Authorization: Bearer …`; undefined when there is none. */
export function bearerOf({ headers }: HttpRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
}

function withToken(hello: Readonly<Record<string, unknown>>, request: HttpRequest): Readonly<Record<string, unknown>> {
  const token = bearerOf(request);
  return token === undefined || hello["k"] !== undefined ? hello : { ...hello, k: token };
}

function parse(line: string): (Readonly<Record<string, unknown>> & { readonly t: string }) | undefined {
  try {
    const value = parseShallow(line);
    if (isTooDeep(value, line.length)) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const frame = value as Readonly<Record<string, unknown>>;
    return typeof frame["t"] === "string" ? (frame as typeof frame & { readonly t: string }) : undefined;
  } catch {
    return undefined;
  }
}

async function readText(
  request: HttpRequest,
  { bodyBytes, bodyMs }: BodyLimits,
  clock: Clock,
): Promise<string | HttpAnswer> {
  const endMs = clock.monotonicMs() + bodyMs;
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  const iterator = request.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(clock, endMs - clock.monotonicMs(), iterator.next(), () => "late" as const);
      if (next === "late") return closing(jsonAnswer(408, { error: `the body took longer than ${bodyMs} ms` }));
      if (next.done) break;
      byteLength += next.value.length;
      if (byteLength > bodyBytes)
        return closing(jsonAnswer(413, { error: `the body has more than ${bodyBytes} bytes` }));
      pieces.push(next.value);
    }
    return utf8DecodeStrict(concatBytes(pieces));
  } catch {
    return malformed("the body is no UTF-8, or broke off");
  }
}

/** The rest of the body is not read: the connection cannot be used again. */
const closing = ([head, body]: HttpAnswer): HttpAnswer => [
  { ...head, headers: { ...head.headers, Connection: "close" } },
  body,
];
