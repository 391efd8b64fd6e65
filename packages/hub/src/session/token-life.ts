// How long a token lasts: when its owner is asked for the next one, and when it may not be used any more.

import type { Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";

export interface TokenLifeHooks {
  /** Nine tenths of the life are over. Called once, not after `over`. */
  soon(): void;
  /** The token's end and its grace are over. Called once. */
  over(): void;
}

/** @param expiresAtMs  wall clock; a token counts as fresh now */
export function tokenLife(clock: Clock, expiresAtMs: number, { soon, over }: TokenLifeHooks): Disposable {
  const bornMs = clock.wallMs();
  const soonAtMs = bornMs + Math.round(((expiresAtMs - bornMs) * wireLimits.reauthPercent) / 100);
  let isAsked = false;
  let timer: Disposable | undefined;
  // Timers may fire early, a machine's longest after 25 days; and the wall clock, which counts here, may be set.
  const look = (): void => {
    const nowMs = clock.wallMs();
    const leftMs = expiresAtMs + wireLimits.tokenGraceMs - nowMs;
    if (leftMs <= 0) return over();
    if (!isAsked && nowMs >= soonAtMs) {
      isAsked = true;
      soon();
    }
    timer = clock.after(isAsked ? leftMs : soonAtMs - nowMs, look);
  };
  look();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
