// Redis goes away under load and comes back, with what it had or empty: how long until the first message, and what readers
// were told.

import { Feed, pause } from "./feed.ts";
import type { FeedResult } from "./million.ts";

export interface OutageOptions {
  readonly seed: number;
  /** How long Redis is away. Milliseconds. */
  readonly awayMs: number;
  /** Whether it comes back with what it had. */
  readonly keepData: boolean;
}

const before = 100;
const after = 1_000;

export async function runOutage({ seed, awayMs, keepData }: OutageOptions): Promise<FeedResult> {
  await using feed = await Feed.start({ channelCount: 4, readersEach: 4, seed });
  await feed.countTo(before);
  const writing = feed.write(after);
  await feed.until(() => feed.readers.every(({ last }) => last > before), "messages flow");
  await feed.redis.kill();
  await pause(awayMs);
  await feed.redis.restart({ keepData });
  const backMs = performance.now();
  const goingOn = writing.then(() => goOn(feed, backMs));
  await feed.until(() => feed.readers.some(({ lastMs }) => lastMs > backMs), "the first message");
  const firstMs = Math.round(performance.now() - backMs);
  await feed.until(() => feed.readers.every(({ lastMs }) => lastMs > backMs), "a message at every reader");
  const allMs = Math.round(performance.now() - backMs);
  await goingOn;
  const told = feed.readers.filter(({ gaps }) => gaps.length > 0);
  const counts = {
    ...feed.report,
    "readers told of a gap": told.length,
    "readers wrongly told that they resumed": keepData ? 0 : feed.readers.length - told.length,
    "ms to the first message": firstMs,
    "ms to a message at every reader": allMs,
  };
  const wanted = {
    ...{ lost: 0, repeated: 0, "holes clients found": 0 },
    "readers told of a gap": keepData ? 0 : feed.readers.length,
  };
  const wrong = Object.entries(wanted).filter(([name, count]) => (counts as FeedResult["counts"])[name] !== count);
  const odd = [...new Set(feed.readers.flatMap(({ gaps }) => gaps))].filter((why) => why !== "epoch");
  return {
    counts,
    problems: [
      ...feed.problems,
      ...wrong.map(([name, count]) => `${name}: ${(counts as FeedResult["counts"])[name]}, ${count} wanted`),
      ...odd.map((why) => `a gap (${why}), which no outage makes`),
    ],
  };
}

/**
 * Writes a number now and then until every reader has had one, and then some more. A fast machine has written everything else
 * by the time the readers learn that the log is a new one: their gap ends behind it.
 */
async function goOn(feed: Feed, backMs: number): Promise<void> {
  let last = after;
  while (!feed.readers.every(({ lastMs }) => lastMs > backMs)) {
    last++;
    await feed.write(last, last);
    await pause(50);
  }
  await feed.countTo(last + before, last + 1);
}
