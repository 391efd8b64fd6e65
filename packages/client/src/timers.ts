// Time as the client's parts need it: one timer that is set again and again, and how long ago something was.

import type { Clock } from "@heddle/base";

/** Sets the timer, in place of what was set before; without arguments it is only ended. */
export type Alarm = (delayMs?: number, run?: () => void) => void;

export const newAlarm = (clock: Clock): Alarm => {
  let timer: Disposable | undefined;
  return (delayMs, run) => {
    timer?.[Symbol.dispose]();
    timer = run && clock.after(delayMs as number, run);
  };
};

/** Milliseconds since now, by the wall clock or the monotonic one, whichever went further: a machine asleep may stop one. */
export const newStopwatch = (clock: Clock): (() => number) => {
  const wallMs = clock.wallMs();
  const monotonicMs = clock.monotonicMs();
  return () => Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs);
};
