// The short run: fixed seeds on every parser behind HTTP and WebSocket, that they meet what there is to meet, and that planted
// bugs are found.

import { jsonCodec, parseShallow } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import {
  fuzzSeed,
  type Failure,
  type FuzzTarget,
  type Tally,
} from "../../packages/websocket/src/testing/fuzz/target.ts";
import { codecTarget, shallowTarget, targets } from "./targets.ts";

async function run(target: FuzzTarget, count: number): Promise<{ met: string[]; failure: Failure | undefined }> {
  const tally: Tally = new Map();
  let failure: Failure | undefined;
  for (let seed = 1; seed <= count && failure === undefined; seed++) failure = await fuzzSeed([target], seed, tally);
  return { met: [...tally.keys()].map((key) => key.replace(/^\w+: /, "")).sort(), failure };
}

const meets: Readonly<Record<string, readonly string[]>> = {
  json: ["bad", "critical", "frame", "ignored", "unparsable"],
  msgpack: ["bad", "frame", "ignored", "unparsable"],
  shallow: ["the same", "too deep", "unparsable"],
  body: ["400", "413", "frames", "hello"],
  address: ["a client", "a proxy"],
  cookie: ["none", "one"],
};

describe("fuzzing what a stranger sends", () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    "lets nothing but stated errors out of %s",
    async (name, target) => {
      const { met, failure } = await run(target, 1_500);
      expect([failure?.seed, failure?.flaw]).toEqual([undefined, undefined]);
      expect(met).toEqual(expect.arrayContaining([...(meets[name] as readonly string[])]));
    },
  );

  it.each<[string, FuzzTarget]>([
    [
      "cuts too early",
      shallowTarget((text) =>
        text.includes("[[[") ? (JSON.parse(text.replaceAll("[[[", "[")) as unknown) : parseShallow(text),
      ),
    ],
    [
      "lets an error of its own through",
      codecTarget(
        "json",
        {
          decode: (message) => {
            if (String(message).includes("\\u")) throw new RangeError("of ours");
            return jsonCodec.decode(message as string);
          },
        },
        (error) => error instanceof SyntaxError,
      ),
    ],
  ])("finds a parser that %s", async (_what, target) => {
    expect((await run(target, 1_500)).failure).toBeDefined();
  });
});
