// The token: kept while it is good, asked for once when it is not, renewed on the running connection before it expires.

import type { Settings, TokenRequest, TokenSource } from "../options.ts";
import { newAlarm, newStopwatch } from "../timers.ts";

export type TokenKeeper = readonly [
  /** A token worth presenting; undefined when there is no source. Rejects as the source does. */
  current: () => Promise<string | undefined>,
  /** The server did not take it. */
  refused: () => void,
  /** The server said when the token ends; undefined: never. Renewal is due before that. */
  endsIn: (lifeMs: number | undefined) => void,
  /** Renews now: the server asked, or the timer is due. `ifOver`: only what ran out, perhaps while the machine slept. */
  renew: (ifOver?: boolean) => void,
  /** The connection ended: nothing to renew. */
  stop: () => void,
];

/** @param present  shows a token on the running connection; answers whether it was refused */
export function newTokenKeeper(
  { clock, random, token: source }: Pick<Settings, "clock" | "random" | "token">,
  present: (token: string) => Promise<boolean>,
): TokenKeeper {
  const alarm = newAlarm(clock);
  let token: string | undefined;
  let reason: TokenRequest["reason"] = "connect";
  let asking: Promise<string> | undefined;
  let isOver: (() => boolean) | undefined;

  const drop = (why: TokenRequest["reason"]): void => {
    token = undefined;
    reason = why;
  };
  const refused = (): void => drop("refused");

  /** Single-flight: an attempt that gave up waiting leaves its question to the next. */
  const ask = (from: TokenSource): Promise<string> =>
    (asking ??= (async () => {
      try {
        return (token = await from({ reason }));
      } finally {
        asking = undefined;
      }
    })());

  const renew = (ifOver?: boolean): void => {
    if (!source || (ifOver && !isOver?.())) return;
    alarm();
    isOver = undefined;
    if (reason !== "refused") drop("expiring");
    ask(source).then(
      async (fresh) => {
        if (!(await present(fresh))) return;
        const isSecond = reason === "refused";
        refused();
        if (!isSecond) renew(); // after a second refusal the server's `bye` decides
      },
      () => {
        const pauseMs = 5_000;
        alarm(pauseMs, renew);
      },
    );
  };

  return [
    async () => {
      if (isOver?.()) {
        if (token) drop("expiring");
        isOver = undefined;
      }
      // After a refusal only a token fresh for this very attempt counts: one that waited for the network may have run out.
      if (reason === "refused") token = undefined;
      return token ?? (source && ask(source));
    },
    refused,
    (lifeMs = Infinity) => {
      const ageMs = newStopwatch(clock);
      isOver = () => ageMs() >= lifeMs;
      reason = "expiring";
      alarm();
      // At 75 to 85 % of its life.
      if (lifeMs < Infinity) alarm(Math.max(1_000, lifeMs * (0.75 + 0.1 * random.float())), renew);
    },
    renew,
    alarm,
  ];
}
