// Whether the server is still there: silence longer than it ever keeps is death, and a doubt is settled by one ping.

import type { Clock } from "@heddle/base";
import type { Counters } from "../stats.ts";
import { newAlarm } from "../timers.ts";
import type { Send } from "./send.ts";

export type Heartbeat = readonly [
  /** @param pingMs  the server is never silent for longer */
  start: (pingMs: number) => void,
  /** Anything came from the server. */
  heard: () => void,
  /** The answer to a ping came. */
  ponged: () => void,
  /** Asks now; without any sign of life within a second and a half the link is dead. At most one ping a second. */
  probe: () => void,
  stop: () => void,
];

export const pingGraceMs = 10_000;
export const probeMs = 1_500;
/** A timer this much later than asked was not ours to await: the machine slept, or the page was slowed down or frozen. */
export const lateMs = 5_000;

export function newHeartbeat(clock: Clock, counters: Counters, send: Send, dead: (why: string) => void): Heartbeat {
  const alarm = newAlarm(clock);
  let silenceMs = 0;
  let deadAtMs = 0;
  let pingedMs = -Infinity;
  /** Nothing has come since the last ping. */
  let isAsked: boolean | undefined;

  /** One timer for any number of frames: when it is due it looks whether something came meanwhile. */
  const look = (): void => {
    const leftMs = deadAtMs - clock.monotonicMs();
    if (leftMs > 0) alarm(leftMs, look);
    // Asleep we heard nothing, whatever was said: what came meanwhile is read behind this timer.
    else if (leftMs < -lateMs && !isAsked) probe();
    else dead("silent");
  };
  const probe = (): void => {
    const nowMs = clock.monotonicMs();
    const pauseMs = 1_000;
    if (nowMs < pingedMs + pauseMs) return;
    isAsked = true;
    pingedMs = nowMs;
    deadAtMs = nowMs + probeMs;
    send({ t: "ping" });
    look();
  };
  const heard = (): void => {
    isAsked = false;
    deadAtMs = clock.monotonicMs() + silenceMs;
  };
  return [
    (pingMs) => {
      silenceMs = pingMs + pingGraceMs;
      heard();
      look();
    },
    heard,
    () => {
      counters.rttMs = clock.monotonicMs() - pingedMs;
    },
    probe,
    alarm,
  ];
}
