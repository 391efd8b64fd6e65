// Messages by the million through two nodes that are killed again and again: every reader gets every number, once, in order.

import { Feed, type FeedReport } from "./feed.ts";

export interface MillionOptions {
  /** Deliveries to make, over all readers. */
  readonly deliveryCount: number;
  readonly seed: number;
  /** Deliveries between one kill and the next: as much may happen on a slow machine as on a fast one. */
  readonly killEvery: number;
  readonly channelCount?: number;
  readonly readersEach?: number;
  /** Told how far it is, after every kill. */
  readonly told?: (counts: FeedReport) => void;
}

export interface FeedResult {
  readonly problems: readonly string[];
  readonly counts: FeedReport;
}

export async function runMillion(options: MillionOptions): Promise<FeedResult> {
  const { deliveryCount, seed, killEvery, channelCount = 4, readersEach = 4 } = options;
  await using feed = await Feed.start({ channelCount, readersEach, seed });
  const over = new AbortController();
  const kill = async (): Promise<void> => {
    for (let next = killEvery; !over.signal.aborted; next = feed.delivered + killEvery) {
      await feed.until(() => over.signal.aborted || feed.delivered >= next, `${next} deliveries`);
      if (!over.signal.aborted) await feed.killOne();
      options.told?.(feed.report);
    }
  };
  const beganMs = performance.now();
  const each = Math.ceil(deliveryCount / (channelCount * readersEach));
  const counting = feed.countTo(each).finally(() => over.abort());
  await Promise.all([counting, kill()]);
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  const counts = { ...feed.report, seconds };
  return { counts, problems: [...feed.problems, ...wrongIn(counts, each * channelCount * readersEach)] };
}

/** Redis kept everything, so nobody may be told of a gap. */
function wrongIn(counts: FeedReport, deliveryCount: number): string[] {
  const wanted = { delivered: deliveryCount, lost: 0, repeated: 0, gaps: 0, "holes clients found": 0 };
  const wrong = Object.entries(wanted).filter(([name, count]) => counts[name] !== count);
  const least = { "nodes killed": 2, "resumed subscriptions": 2, "came back on the other node": 1 };
  const missing = Object.entries(least).filter(([name, count]) => (counts[name] ?? 0) < count);
  return [
    ...wrong.map(([name, count]) => `${name}: ${counts[name]}, ${count} wanted`),
    ...missing.map(([name, count]) => `floor: ${name}: ${counts[name]}, at least ${count} wanted`),
  ];
}
