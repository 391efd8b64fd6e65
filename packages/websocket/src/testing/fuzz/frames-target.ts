// Our reader of frames against the one of `ws`: the same events at the same bytes, or a difference that is stated.

import type { SeededRandom } from "@heddle/base/fakes";
import { compareStories, frameDifferences } from "./compare-readers.ts";
import { frameStream } from "./frame-stream.ts";
import { tellOurs, tellTheirs, type Limits, type Told } from "./readers.ts";
import type { Attempt, FuzzTarget } from "./target.ts";

export const framesTarget: FuzzTarget = { name: "frames", plan: (random) => planFrames(random, tellOurs) };

/** What a reader tells of an input that comes in pieces of the sizes `pieceBytes` gives. */
export type Teller = (input: Uint8Array, limits: Limits, pieceBytes: () => number) => Told[];

/** An attempt at the reader behind `tell`. */
export function planFrames(random: SeededRandom, tell: Teller): Attempt {
  const role = random.pick(["server", "client"] as const);
  const maxMessageBytes = random.pick([1, 10, 125, 300, 1_000, 1_000, 70_000, 70_000]);
  const limits = { role, maxMessageBytes, maxFragments: random.pick([1, 2, 5, 100, 100, 100]) };
  const parts = frameStream(random, role, Math.min(maxMessageBytes, 1_000));
  const cuts = random.fork();
  return {
    setting: JSON.stringify(limits),
    parts,
    async judge(input) {
      const stories = {
        ours: tell(input, limits, () => 1),
        cuts: cutsOf(input, cuts).map((pieceBytes) => tell(input, limits, pieceBytes)),
        theirs: await tellTheirs(input, limits),
      };
      return compareStories(input, limits, stories, frameDifferences);
    },
  };
}

/** Sizes of pieces: all at once, small ones, and some that hold several frames. */
export const cutsOf = (input: Uint8Array, cuts: SeededRandom): (() => number)[] => [
  () => input.length,
  () => cuts.between(1, 40),
  () => cuts.between(1, 1_500),
];
