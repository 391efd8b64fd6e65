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
  /** Asks now; without any sign of life within two seconds the link is dead. At most one ping a second. */
  probe: () => void,
  stop: () => void,
];

export const pingGraceMs = 10_000;
export const probeMs = 2_000;

export function newHeartbeat(clock: Clock, counters: Counters, send: Send, dead: (why: string) => void): Heartbeat {
  const alarm = newAlarm(clock);
  let silenceMs = 0;
  let deadAtMs = 0;
  let pingedMs = -Infinity;

  /** One timer for any number of frames: when it is due it looks whether something came meanwhile. */
  const look = (): void => {
    const leftMs = deadAtMs - clock.monotonicMs();
    if (leftMs > 0) alarm(leftMs, look);
    else dead("silent");
  };
  const heard = (): void => {
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
    () => {
      const nowMs = clock.monotonicMs();
      const pauseMs = 1_000;
      if (nowMs < pingedMs + pauseMs) return;
      pingedMs = nowMs;
      deadAtMs = nowMs + probeMs;
      send({ t: "ping" });
      look();
    },
    alarm,
  ];
}
