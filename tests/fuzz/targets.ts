// What reads a stranger's bytes behind HTTP and WebSocket: nothing but the errors that are stated may come of them, and the
// parsers that look before they parse must agree with those that do not.

import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { CodedError, utf8Decode } from "@heddle/base";
import { FakeClock, type SeededRandom } from "@heddle/base/fakes";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { isTooDeep, jsonCodec, parseClientFrame, parseShallow, type Codec } from "@heddle/protocol";
import { clientAddressBehind } from "../../packages/server/src/addresses/client-address.ts";
import type { HttpRequest } from "../../packages/server/src/transport-http/http-answer.ts";
import { isAnswer, readPosted } from "../../packages/server/src/transport-http/request-body.ts";
import { cookieOf } from "../../packages/server/src/transport-http/cookie.ts";
import type { FuzzTarget, Verdict } from "../../packages/websocket/src/testing/fuzz/target.ts";
import { changed, corpusOf } from "./corpus.ts";

function target(
  name: string,
  judge: (input: Uint8Array, random: SeededRandom) => Verdict | Promise<Verdict>,
): FuzzTarget {
  const corpus = corpusOf(name);
  return {
    name,
    plan: (random) => {
      const parts = changed(corpus, random);
      return { setting: "", parts, judge: (input) => judge(input, random) };
    },
  };
}

/** @param isStated  whether the codec may throw this */
export function codecTarget(
  name: string,
  codec: Pick<Codec, "decode">,
  isStated: (error: unknown) => boolean,
): FuzzTarget {
  return target(name, (input) => {
    let frames;
    try {
      frames = codec.decode(name === "json" ? utf8Decode(input) : input);
    } catch (error) {
      if (!isStated(error)) throw error;
      return { outcome: "unparsable" };
    }
    const kinds = frames.map(({ value, cost }) => parseClientFrame(value, cost).is);
    if (frames.some(({ cost }) => !(cost > 0))) return { outcome: "free", flaw: "a frame costs nothing" };
    const polluted = ({} as Record<string, unknown>)["t"] !== undefined;
    return { outcome: kinds.at(-1) ?? "nothing", ...(polluted ? { flaw: "every object has a t now" } : {}) };
  });
}

/** Looking for depth before parsing changes nothing but what is too deep. */
export function shallowTarget(parse: (text: string) => unknown): FuzzTarget {
  const { plan } = target("json", (input) => {
    const text = utf8Decode(input);
    const [ours, theirs] = [tried(() => parse(text)), tried(() => JSON.parse(text) as unknown)];
    if (theirs.is === "thrown" && ours.is === "thrown") return { outcome: "unparsable" };
    if (theirs.is === "thrown")
      return isTooDeep(ours.value, text.length)
        ? { outcome: "too deep to be told wrong" }
        : { outcome: "taken", flaw: `JSON.parse: ${String(theirs.value)}` };
    if (isTooDeep(theirs.value, text.length))
      return ours.is === "value" && isTooDeep(ours.value, text.length)
        ? { outcome: "too deep" }
        : { outcome: "lost", flaw: "what is too deep came out otherwise" };
    return isDeepStrictEqual(ours, theirs) ? { outcome: "the same" } : { outcome: "other", flaw: "another value" };
  });
  return { name: "shallow", plan };
}

type Tried = { readonly is: "value" | "thrown"; readonly value: unknown };
function tried(parse: () => unknown): Tried {
  try {
    return { is: "value", value: parse() };
  } catch (value) {
    if (!(value instanceof SyntaxError)) throw value;
    return { is: "thrown", value };
  }
}

const requestOf = (headers: HttpRequest["headers"], body: readonly Uint8Array[] = []): HttpRequest => ({
  ...{ method: "POST", url: "/realtime/poll", headers, address: "127.0.0.1", signal: new AbortController().signal },
  body: (async function* () {
    yield* body;
  })(),
});

const bodyTarget = target("body", async (input) => {
  const cut = input.length >> 1;
  const request = requestOf({}, [input.subarray(0, cut), input.subarray(cut)]);
  const posted = await readPosted(request, { bodyBytes: 2_048, bodyMs: 1_000 }, new FakeClock());
  if (!isAnswer(posted)) return { outcome: posted.frames.length > 0 ? "frames" : "hello" };
  const [{ status }] = posted;
  return status === 400 || status === 413 ? { outcome: `${status}` } : { outcome: "other", flaw: `answered ${status}` };
});

const headers = ["x-forwarded-for", "forwarded"] as const;
const behind = headers.map((header) => clientAddressBehind({ trusted: ["10.0.0.0/8"], header }));
const addressTarget = target("address", (input) => {
  const text = Buffer.from(input).toString("latin1"); // as Node hands headers out
  const found = behind.map((addressOf, index) => addressOf("10.0.0.1", { [headers[index] as string]: text }));
  const wrong = found.find((address) => isIP(address) === 0);
  if (wrong !== undefined) return { outcome: "no address", flaw: JSON.stringify(wrong) };
  return { outcome: found.every((address) => address.startsWith("10.")) ? "a proxy" : "a client" };
});

const cookieTarget = target("cookie", (input) => {
  const cookie = Buffer.from(input).toString("latin1");
  const found = cookieOf(requestOf({ cookie, "sec-fetch-site": "same-origin" }), "session");
  if (found === undefined) return { outcome: "none" };
  const isThere = cookie.includes(found) && !found.includes(";");
  return { outcome: "one", ...(isThere ? {} : { flaw: `${JSON.stringify(found)} is not what was sent` }) };
});

export const targets: readonly FuzzTarget[] = [
  codecTarget("json", jsonCodec, (error) => error instanceof SyntaxError),
  codecTarget("msgpack", messagePackCodec, (error) => error instanceof CodedError),
  ...[shallowTarget(parseShallow), bodyTarget, addressTarget, cookieTarget],
];
