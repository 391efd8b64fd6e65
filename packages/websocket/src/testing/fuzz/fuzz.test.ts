// The short run: fixed seeds on every target, that they meet what there is to meet, and that a planted bug is found.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { zlibCodec, type MessageCodec } from "../../deflate/zlib-codec.ts";
import { frameDifferences } from "./compare-readers.ts";
import { framesTarget, planFrames, type Teller } from "./frames-target.ts";
import { tellOurs } from "./readers.ts";
import { handshakeTarget, laxer, ourAnswerer, stricter, type Answerer } from "./handshake-target.ts";
import { inflateDifferences, inflateTarget } from "./inflate-target.ts";
import { fuzzSeed, shrink, type Failure, type FuzzTarget, type Tally } from "./target.ts";

/** Runs seeds 1 to `count` and the `others`, up to the first finding. */
async function run(
  target: FuzzTarget,
  count: number,
  ...others: readonly number[]
): Promise<{ tally: Tally; failure: Failure | undefined }> {
  const tally: Tally = new Map();
  for (const seed of [...Array.from({ length: count }, (_, index) => index + 1), ...others]) {
    const failure = await fuzzSeed([target], seed, tally);
    if (failure !== undefined) return { tally, failure };
  }
  return { tally, failure: undefined };
}

const outcomes = (tally: Tally): string[] => [...tally.keys()].map((key) => key.replace(/^\w+: /, "")).sort();
const known = (list: readonly { readonly name: string }[]): string[] =>
  list.map(({ name }) => `known difference, ${name}`);

describe("fuzzing frames", () => {
  it("finds us agreeing with ws but for the stated differences, each of which is met", async () => {
    const { tally, failure } = await run(framesTarget, 250);
    expect(failure).toBeUndefined();
    const plain = ["close", "fail 1002", "fail 1007", "fail 1009", "messages", "nothing complete"];
    expect(outcomes(tally)).toEqual([...plain, ...known(frameDifferences)].sort());
  });

  /** Our reader with a bug: what it tells of the right events is told instead. */
  const buggy = (change: (what: string) => string | undefined): FuzzTarget => {
    const tell: Teller = (...given) =>
      tellOurs(...given).flatMap((told) => {
        const what = change(told.what);
        return what === undefined ? [] : [{ ...told, what }];
      });
    return { name: "buggy", plan: (random) => planFrames(random, tell) };
  };

  it.each<[string, (what: string) => string | undefined, number]>([
    ["loses pongs", (what) => (what.startsWith("pong") ? undefined : what), 6],
    ["takes a text for binary", (what) => what.replace(/^text .*/, "binary "), 6],
    ["calls 1007 what is 1002", (what) => what.replace("fail 1002", "fail 1007"), 6],
    ["takes code 1006", (what) => what.replace("fail 1002", "close 1006 "), 8],
  ])("finds a reader that %s, and shows it in a few bytes", async (_what, change, bytesMax) => {
    const { failure } = await run(buggy(change), 500);
    expect(failure?.flaw).toContain("ws: ");
    expect((await failure?.smallest())?.length).toBeLessThanOrEqual(bytesMax);
  });

  it("finds a reader to which it matters how its input is cut", async () => {
    const tell: Teller = (input, limits, pieceBytes) => {
      const all = tellOurs(input, limits, pieceBytes);
      return pieceBytes() === 1 ? all : all.filter(({ what }) => !what.startsWith("ping"));
    };
    const { failure } = await run({ name: "buggy", plan: (random) => planFrames(random, tell) }, 500);
    expect(failure?.flaw).toContain("cut otherwise");
  });

  it("plans the same again from the same seed", () => {
    for (let seed = 1; seed <= 50; seed++) {
      expect(framesTarget.plan(new SeededRandom(seed)).parts).toEqual(framesTarget.plan(new SeededRandom(seed)).parts);
    }
  });
});

describe("fuzzing handshakes", () => {
  it("finds us agreeing with ws but for the stated differences, each of which is met", async () => {
    const { tally, failure } = await run(handshakeTarget(ourAnswerer()), 260, 525, 930);
    expect(failure).toBeUndefined();
    const plain = ["accepted", "no upgrade for Node", "refused 400", "refused 405", "refused 413", "refused 426"];
    expect(outcomes(tally)).toEqual([...plain, ...known(stricter), ...known(laxer)].sort());
  });

  const honest = ourAnswerer();
  it.each<[string, Answerer, string]>([
    ["accepts everything", () => Promise.resolve({ status: 101, agreed: "" }), "ws: "],
    ["refuses everything", () => Promise.resolve({ status: 400, agreed: "" }), "ws: 101"],
    ["proves nothing", async (request) => ({ ...(await honest(request)), agreed: "" }), "ws: 101"],
    ["answers 500", async (request) => ({ ...(await honest(request)), status: 500 }), "we: 500"],
    ["throws", () => Promise.reject(new TypeError("no such thing")), "thrown: TypeError: no such thing"],
  ])("finds a server that %s", async (_what, answer, words) => {
    const { failure } = await run(handshakeTarget(answer), 300);
    expect(failure?.flaw).toContain(words);
  });
});

describe("fuzzing compressed messages", () => {
  it("finds us agreeing with ws but for the stated differences, each of which is met", async () => {
    const { tally, failure } = await run(inflateTarget(zlibCodec), 200);
    expect(failure).toBeUndefined();
    const plain = ["close", "fail 1002", "fail 1007", "fail 1009", "messages", "nothing complete"];
    const met = outcomes(tally).filter((outcome) => !known(frameDifferences).includes(outcome));
    expect(met.filter((outcome) => !plain.includes(outcome))).toEqual(known(inflateDifferences).sort());
    expect(met).toEqual(expect.arrayContaining(["fail 1002", "fail 1007", "fail 1009", "messages"]));
  });

  const { inflate } = zlibCodec;
  it.each<[string, MessageCodec["inflate"], string]>([
    [
      "inflates all of it before it says that it is too much",
      (payload, window, maxBytes) => {
        const plain = inflate(payload, window, 2 ** 28);
        return plain.length > maxBytes && typeof plain !== "string" ? "too-big" : plain;
      },
      "bytes taken",
    ],
    ["takes a byte too many", (payload, window, maxBytes) => inflate(payload, window, maxBytes + 100), "ws: "],
    ["forgets its window", (payload, _window, maxBytes) => inflate(payload, new Uint8Array(0), maxBytes), "ws: "],
    [
      "makes nothing of what is broken",
      (...given) => {
        const plain = inflate(...given);
        return plain === "broken" ? new Uint8Array(0) : plain;
      },
      "ws: ",
    ],
    [
      "lets an error through",
      (payload, window, maxBytes) => {
        if (payload[0] === 0) throw new RangeError("of zlib");
        return inflate(payload, window, maxBytes);
      },
      "thrown: RangeError: of zlib",
    ],
  ])("finds an inflater that %s", async (_what, planted, words) => {
    const { failure } = await run(inflateTarget({ ...zlibCodec, inflate: planted }), 350);
    expect(failure?.flaw).toContain(words);
  });
});

describe("shrink", () => {
  it("keeps exactly the pieces without which there is no failure", async () => {
    const pieces = Array.from({ length: 100 }, (_, index) => index);
    const fails = (some: readonly number[]): boolean => some.includes(3) && some.includes(77) && some.includes(78);
    expect(await shrink(pieces, fails)).toEqual([3, 77, 78]);
  });

  it("ends though everything fails", async () => {
    expect(await shrink([1, 2, 3], () => true)).toEqual([]);
  });
});
