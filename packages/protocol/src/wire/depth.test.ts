// Text of strangers is looked through before it is parsed: what that costs must not depend on how deep it is, and what comes
// out must be what `JSON.parse` gives for everything that is not refused.

import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { frameDepthMax, isTooDeep, parseShallow } from "./depth.ts";
import { jsonCodec } from "./json-codec.ts";
import { messagePackCodec } from "./msgpack/index.ts";
import { utf8Encode } from "@heddle/base";

const nested = (levels: number, inner = ""): string => "[".repeat(levels) + inner + "]".repeat(levels);

function depthOf(value: unknown): number {
  let levels = 0;
  for (let at = value; Array.isArray(at); at = at[0]) levels++;
  return levels;
}

describe("JSON of a stranger", () => {
  it("is what JSON.parse makes of it, as long as it is not too deep", () => {
    const text = fc.string({
      unit: fc.constantFrom('"', "\\", "[", "]", "{", "}", ",", "x", "é", "\n"),
      maxLength: 300,
    });
    const value = fc.record({ texts: fc.array(text, { maxLength: 8 }), any: fc.jsonValue({ maxDepth: 4 }) });
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: frameDepthMax - 8 }), (inner, levels) => {
        const json = nested(levels, JSON.stringify([inner, { more: Array.from({ length: 200 }, () => [{}]) }]));
        expect(parseShallow(json)).toEqual(JSON.parse(json));
      }),
      { seed: 28, numRuns: 200 },
    );
  });

  it("comes out too deep to be taken, and no deeper than that, however deep it is", () => {
    for (const levels of [frameDepthMax + 1, frameDepthMax + 2, 1_000, 100_000])
      for (const json of [nested(levels), nested(levels, '"]"'), nested(levels - 1, '{"a":{}},[]')]) {
        const value = parseShallow(json);
        expect(isTooDeep(value, json.length)).toBe(true);
        expect(depthOf(value)).toBeLessThanOrEqual(frameDepthMax + 1);
      }
    expect(isTooDeep(parseShallow(nested(frameDepthMax)), 300)).toBe(false);
  });

  it("keeps what stands beside what is too deep: a frame is still answered by its number", () => {
    const text = `{"t":"pub","d":[${nested(50_000)},${nested(50_000)},2],"r":7}`;
    expect(parseShallow(text)).toMatchObject({ t: "pub", r: 7, d: { length: 3, 2: 2 } });
  });

  it.each([
    ["[".repeat(100_000)],
    [`${"[".repeat(1_000)}"`],
    ["]".repeat(1_000) + "[".repeat(1_000)],
    [`"${"[".repeat(1_000)}`],
  ])("is refused when it does not end as it began: %#", (text) =>
    expect(() => parseShallow(text)).toThrow(SyntaxError),
  );

  it("is read the same way by both codecs, and costs what it is long", () => {
    const d = nested(10_000);
    const text = `{"t":"pub","r":7,"ch":"c","d":${d}}`;
    const [json] = jsonCodec.decode(text);
    const bin = utf8Encode(d);
    const head = [0x92, 4, 0x81, 0xa1, 0x64, 0xc5, bin.length >> 8, bin.length & 255];
    const [packed] = messagePackCodec.decode(Uint8Array.of(...head, ...bin));
    expect([json?.cost, packed?.cost]).toEqual([text.length, head.length + bin.length]);
    for (const { d: payload } of [json?.value, packed?.value] as { d: unknown }[])
      expect(depthOf(payload)).toBeLessThan(150);
  });
});
