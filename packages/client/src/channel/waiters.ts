// Who waits for a channel to be somewhere: at a position, or, without one, just to be subscribed.

import type { WirePos } from "@heddle/protocol";
import { LocalError } from "../errors.ts";

type Position = WirePos | undefined;

export type Waiters = readonly [
  /** Without a position: until subscribed. With one: until the stream has passed it. */
  reached: (position: Position, refusal?: Error) => Promise<void>,
  /** Ends the wait of all for whom the verdict is true, or an error. */
  settle: (verdict: (position: Position) => boolean | Error | undefined) => void,
  /** The channel may be where somebody waits for it to be. */
  arrived: () => void,
  /** What those get for whom it never will be. */
  unreached: (position: Position, why: string) => LocalError,
];

export function newWaiters(
  name: string,
  stand: { readonly received?: Position },
  isSubscribed: () => boolean,
): Waiters {
  let waiters: (readonly [position: Position, resolve: () => void, reject: (error: Error) => void])[] = [];
  const settle: Waiters[1] = (verdict) => {
    waiters = waiters.filter(([position, resolve, reject]) => {
      const outcome = verdict(position);
      if (outcome instanceof Error) reject(outcome);
      else if (outcome) resolve();
      return !outcome;
    });
  };
  const arrived = (): void =>
    settle((position) => {
      const { received } = stand;
      return position ? received?.[0] === position[0] && received[1] >= position[1] : isSubscribed();
    });
  return [
    (position, refusal) =>
      new Promise((resolve, reject) => {
        waiters.push([position, resolve, reject]);
        arrived();
        settle((wanted) => !wanted && refusal);
      }),
    settle,
    arrived,
    (position, why) => new LocalError(position ? "not-echoed" : "aborted", `${name}: ${why}`, position && "done"),
  ];
}
