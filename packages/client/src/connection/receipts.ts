// Flow control as the client owes it: totals of frames and cost taken out of the receive path, told when half the window
// is used, or a second after there is something to tell.

import { cancel } from "../timers.ts";
import type { Clock } from "@heddle/base";
import type { Send } from "./send.ts";

export interface Receipts {
  /** A connection was welcomed with this window: totals begin anew. */
  start(windowCost: number): void;
  /** A frame of any type, known or not, was handed on, put in a hold buffer or discarded. */
  took(cost: number): void;
  stop(): void;
}

export const ackMs = 1_000;

export function newReceipts(clock: Clock, send: Send): Receipts {
  let halfWindow = 0;
  let n = 0;
  let b = 0;
  let toldCost = 0;
  let timer: Disposable | undefined;
  const stop = (): void => {
    cancel(timer);
    timer = undefined;
  };
  const tell = (): void => {
    stop();
    toldCost = b;
    send({ t: "ack", n, b });
  };
  return {
    start(windowCost) {
      halfWindow = windowCost / 2;
      n = b = toldCost = 0;
    },
    took(cost) {
      n++;
      b += cost;
      if (b - toldCost >= halfWindow) tell();
      else timer ??= clock.after(ackMs, tell);
    },
    stop,
  };
}
