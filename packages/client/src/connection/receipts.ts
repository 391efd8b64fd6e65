// Flow control as the client owes it: totals of frames and cost taken out of the receive path, told when half the window
// is used, or a second after there is something to tell.

import type { Clock } from "@heddle/base";
import { newAlarm } from "../timers.ts";
import type { Send } from "./send.ts";

export type Receipts = readonly [
  /** A connection was welcomed with this window: totals begin anew. */
  start: (windowCost: number) => void,
  /** A frame of any type, known or not, was handed on, put in a hold buffer or discarded. */
  took: (cost: number) => void,
  stop: () => void,
];

export const ackMs = 1_000;

export function newReceipts(clock: Clock, send: Send): Receipts {
  const alarm = newAlarm(clock);
  let halfWindow = 0;
  let n = 0;
  let b = 0;
  let toldCount = 0;
  let toldCost = 0;
  const tell = (): void => {
    alarm();
    toldCount = n;
    toldCost = b;
    send({ t: "ack", n, b });
  };
  return [
    (windowCost) => {
      halfWindow = windowCost / 2;
      n = b = toldCount = toldCost = 0;
    },
    (cost) => {
      b += cost;
      if (n++ === toldCount) alarm(ackMs, tell);
      if (b - toldCost >= halfWindow) tell();
    },
    alarm,
  ];
}
