// Whether the server is still there: silence longer than it ever keeps is death, and a doubt is settled by one ping.

import type { Clock } from "@heddle/base";
import { cancel } from "../timers.ts";
import type { Send } from "./send.ts";

export interface Heartbeat {
  /** Latest round trip of a ping or a greeting; undefined before the first. Milliseconds. */
  rttMs: number | undefined;
  /** @param pingMs  the server is never silent for longer */
  readonly start: (pingMs: number) => void;
  /** Anything came from the server. */
  readonly heard: () => void;
  /** The answer to a ping came. */
  readonly ponged: () => void;
  /** Asks now; without any sign of life within two seconds the link is dead. At most one ping a second. */
  readonly probe: () => void;
  readonly stop: () => void;
}

export const pingGraceMs = 10_000;
export const probeMs = 2_000;
const probePauseMs = 1_000;

export function newHeartbeat(clock: Clock, send: Send, dead: (why: string) => void): Heartbeat {
  let silenceMs = 0;
  let deadAtMs = 0;
  let pingedMs = -Infinity;
  let timer: Disposable | undefined;

  /** One timer for any number of frames: when it is due it looks whether something came meanwhile. */
  const look = (): void => {
    cancel(timer);
    const leftMs = deadAtMs - clock.monotonicMs();
    if (leftMs > 0) timer = clock.after(leftMs, look);
    else dead("the server is silent");
  };
  const self: Heartbeat = {
    rttMs: undefined,
    start(pingMs) {
      silenceMs = pingMs + pingGraceMs;
      self.heard();
      look();
    },
    heard() {
      deadAtMs = clock.monotonicMs() + silenceMs;
    },
    ponged() {
      self.rttMs = clock.monotonicMs() - pingedMs;
    },
    probe() {
      const nowMs = clock.monotonicMs();
      if (nowMs < pingedMs + probePauseMs) return;
      pingedMs = nowMs;
      deadAtMs = nowMs + probeMs;
      send({ t: "ping" });
      look();
    },
    stop: () => cancel(timer),
  };
  return self;
}
