// Values to the server, one part after another, as far as it takes them.

import { frameLength, tooLarge } from "./sender.ts";
import type { Send } from "../connection/send.ts";

/** What is under way of a stream, ahead of its consumer. */
export const streamWindowCost = 65_536;

export type Iterated<T = unknown> = AsyncIterable<T> | Iterable<T>;

export type Outflow = readonly [
  /**
   * Sends the values as parts of the request `r`, each when there is room for it. Resolves with whether all were sent.
   *
   * @throws whatever the values throw; {HeddleError} `too_large`
   */
  pour: (r: number | string) => Promise<boolean>,
  /** The server has taken so many, all in all. */
  taken: (count: number) => void,
  /** No more are wanted: lets go of the values. */
  stop: () => void,
];

/** @param windowCost  what may be under way, beside one part. UTF-16 units of frames */
export function newOutflow(values: Iterated, windowCost: number, send: Send): Outflow {
  /** Of parts the server has not taken. */
  const costs: number[] = [];
  let takenCount = 0;
  let isOver = false;
  let iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  let wake: (() => void) | undefined;

  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    wake?.();
    // How the values clean up is theirs: nobody waits for it.
    void Promise.resolve(iterator?.return?.()).catch(() => undefined);
  };
  const hasRoom = (): boolean => costs.reduce((sum, cost) => sum + cost, 0) < windowCost;

  return [
    async (r) => {
      iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]();
      try {
        while (!isOver) {
          if (hasRoom()) {
            const step: IteratorResult<unknown, unknown> = await iterator.next();
            if (step.done && !isOver) return (isOver = true);
            if (isOver) break;
            const text = `{"t":"part","r":${JSON.stringify(r)},"d":${JSON.stringify(step.value) ?? null}}`;
            if (text.length > frameLength) throw tooLarge("part", text.length);
            costs.push(text.length);
            send(text);
          } else await new Promise<void>((resolve) => void (wake = resolve));
        }
      } finally {
        stop();
      }
      return false;
    },
    (count) => {
      costs.splice(0, count - takenCount);
      takenCount = Math.max(takenCount, count);
      wake?.();
    },
    stop,
  ];
}
