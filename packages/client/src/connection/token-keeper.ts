// The token: kept while it is good, asked for once when it is not, renewed on the running connection before it expires.

import { cancel } from "../timers.ts";
import type { Clock, Random } from "@heddle/base";
import type { TokenRequest, TokenSource } from "../options.ts";

export interface TokenKeeper {
  /** A token worth presenting; undefined when there is no source. Rejects as the source does. */
  current(): Promise<string | undefined>;
  /** The server did not take it. */
  refused(): void;
  /** The server said when the token ends; undefined: never. Renewal is due before that. */
  endsIn(lifeMs: number | undefined): void;
  /** Renews now: the server asked, or the timer is due. */
  renew(): void;
  /** The connection ended: nothing to renew. */
  stop(): void;
}

/** A token is renewed at 75 to 85 % of its life. */
const renewShare = 0.75;
const renewJitter = 0.1;
/** Pause after the source failed. */
const sourceRetryMs = 5_000;

/** @param present  shows a token on the running connection; answers whether it was refused */
export function newTokenKeeper(
  {
    clock,
    random,
    token: source,
  }: { readonly clock: Clock; readonly random: Random; readonly token?: TokenSource | undefined },
  present: (token: string) => Promise<boolean>,
): TokenKeeper {
  let token: string | undefined;
  let reason: TokenRequest["reason"] = "connect";
  let asking: Promise<string> | undefined;
  /** Wall and monotonic time of its end: whichever says so first. A machine asleep stops one of them. */
  let ends = [Infinity, Infinity] as const;
  let timer: Disposable | undefined;

  const drop = (why: TokenRequest["reason"]): void => {
    token = undefined;
    reason = why;
  };
  const later = (ms: number): void => {
    timer = clock.after(ms, renew);
  };
  const stop = (): void => cancel(timer);

  /** Single-flight: an attempt that gave up waiting leaves its question to the next. */
  const ask = (from: TokenSource): Promise<string> =>
    (asking ??= (async () => {
      try {
        return (token = await from({ reason }));
      } finally {
        asking = undefined;
      }
    })());

  const renew = (): void => {
    stop();
    if (!source) return;
    if (reason !== "refused") drop("expiring");
    ask(source).then(
      async (fresh) => {
        if (!(await present(fresh))) return;
        const isSecond = reason === "refused";
        drop("refused");
        if (!isSecond) renew(); // after a second refusal the server's `bye` decides
      },
      () => later(sourceRetryMs),
    );
  };

  return {
    async current() {
      if (clock.wallMs() >= ends[0] || clock.monotonicMs() >= ends[1]) {
        if (token) drop("expiring");
        ends = [Infinity, Infinity];
      }
      return token ?? (source && ask(source));
    },
    refused: () => drop("refused"),
    endsIn(lifeMs = Infinity) {
      stop();
      reason = "expiring";
      ends = [clock.wallMs() + lifeMs, clock.monotonicMs() + lifeMs];
      if (lifeMs < Infinity) later(Math.max(1_000, lifeMs * (renewShare + renewJitter * random.float())));
    },
    renew,
    stop,
  };
}
