// When the next attempt may begin: full jitter that widens with every failure, and never too many within a minute.

import type { Settings } from "../options.ts";

export type Pacer = readonly [
  begun: () => void,
  succeeded: () => void,
  /** Milliseconds until the next attempt, after one more failure. A wait the server asked for replaces the jitter. */
  nextMs: (askedMs: number | undefined) => number,
  /** Milliseconds until the minute has room for another attempt. */
  soonestMs: () => number,
];

export function newPacer({ clock, random, attemptsPerMinuteCount, backoffMinMs, backoffMaxMs }: Settings): Pacer {
  /** When the latest attempts began, oldest first; at most as many as a minute allows. */
  const begun: number[] = [];
  let failures = 0;
  const soonestMs = (): number => {
    const [oldest = 0] = begun;
    return begun.length < attemptsPerMinuteCount ? 0 : Math.max(0, oldest + 60_000 - clock.monotonicMs());
  };
  return [
    () => {
      if (begun.push(clock.monotonicMs()) > attemptsPerMinuteCount) begun.shift();
    },
    () => {
      failures = 0;
    },
    (askedMs) => {
      const jitterMs = random.float() * Math.min(backoffMaxMs, backoffMinMs * 2 ** failures++);
      return Math.max(askedMs ?? jitterMs, soonestMs());
    },
    soonestMs,
  ];
}
