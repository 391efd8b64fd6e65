// What can be fuzzed, and the search itself: seeds in, the first disagreement out, made as small as halving makes it.

import { SeededRandom } from "@heddle/base/fakes";

/** Something that takes hostile bytes and has a reference to be compared with. */
export interface FuzzTarget {
  readonly name: string;
  /** One attempt; everything about it follows from `random`. */
  plan(random: SeededRandom): Attempt;
}

export interface Attempt {
  /** Limits and roles in force, for whoever reads about a failure. */
  readonly setting: string;
  /** The input, in pieces that mean something on their own: frames, header lines. */
  readonly parts: readonly Uint8Array[];
  /** Judges any input of this kind, not `parts` alone. */
  judge(input: Uint8Array): Verdict | Promise<Verdict>;
}

export interface Verdict {
  /** What happened, in a word or two; counted. */
  readonly outcome: string;
  /** Set when the two sides disagree and no stated difference explains it, or when something was thrown. */
  readonly flaw?: string;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly setting: string;
  readonly flaw: string;
  readonly input: Uint8Array;
  /** What is left of `input` once everything that does not matter is gone. May take its time. */
  smallest(): Promise<Uint8Array>;
}

/** How often each outcome was met, by `target: outcome`. */
export type Tally = Map<string, number>;

/**
 * Runs the seed on every target, and counts what came of it.
 *
 * @returns the first failure
 */
export async function fuzzSeed(
  targets: readonly FuzzTarget[],
  seed: number,
  tally: Tally,
): Promise<Failure | undefined> {
  for (const target of targets) {
    const attempt = target.plan(new SeededRandom(seed));
    const input = Buffer.concat(attempt.parts);
    const { outcome, flaw } = await judged(attempt, input);
    const key = `${target.name}: ${outcome}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
    if (flaw === undefined) continue;
    const { setting } = attempt;
    return { target: target.name, seed, setting, flaw, input, smallest: () => smallestFailing(attempt) };
  }
  return undefined;
}

/** An exception is a verdict too: nothing a peer sends may cause one. */
async function judged(attempt: Attempt, input: Uint8Array): Promise<Verdict> {
  try {
    return await attempt.judge(new Uint8Array(input));
  } catch (thrown) {
    return { outcome: "thrown", flaw: `thrown: ${thrown instanceof Error ? thrown.stack : String(thrown)}` };
  }
}

const smallestBytesMax = 2_000;

async function smallestFailing(attempt: Attempt): Promise<Uint8Array> {
  const fails = async (pieces: readonly Uint8Array[]): Promise<boolean> =>
    (await judged(attempt, Buffer.concat(pieces))).flaw !== undefined;
  const parts = await shrink(attempt.parts, fails);
  const bytes = Buffer.concat(parts);
  if (bytes.length > smallestBytesMax) return bytes;
  return Buffer.concat(
    await shrink(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      fails,
    ),
  );
}

/**
 * Leaves out halves, quarters and so on down to single pieces, for as long as what remains still fails.
 *
 * @returns a list from which no single piece can be left out
 */
export async function shrink<T>(
  pieces: readonly T[],
  fails: (pieces: readonly T[]) => boolean | Promise<boolean>,
): Promise<readonly T[]> {
  let kept = pieces;
  for (let size = Math.ceil(kept.length / 2); size >= 1;) {
    let hasShrunk = false;
    for (let at = 0; at < kept.length;) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await fails(without)) {
        kept = without;
        hasShrunk = true;
      } else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!hasShrunk) break;
  }
  return kept;
}
