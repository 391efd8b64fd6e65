// Questions from the server: one handler a name, one reply each, stopped by cancel, deadline or the end of the connection.

import type { Clock } from "@heddle/base";
import type { AskFrame } from "@heddle/protocol";
import type { Send } from "../connection/send.ts";
import type { Off } from "../emitter.ts";
import { newAlarm } from "../timers.ts";

export type AskHandler = (question: unknown, context: { readonly signal: AbortSignal }) => unknown;

export type Asks = readonly [
  /** The latest handler of a name answers; the result takes it away. */
  on: (name: string, handler: AskHandler) => Off,
  asked: (frame: AskFrame) => Promise<void>,
  /** Stops one question, or all: the connection ended and nobody waits. */
  stop: (r?: string) => void,
];

/** Questions being answered at once. */
export const openAsksMax = 32;

export function newAsks(clock: Clock, send: Send): Asks {
  const handlers = new Map<string, AskHandler>();
  const open = new Map<string, AbortController>();
  return [
    (name, handler) => {
      handlers.set(name, handler);
      return () => void (handlers.get(name) === handler && handlers.delete(name));
    },
    async ({ r, op, d, ms }) => {
      const refuse = (code: number, why: string): void => send({ t: "reply", r, err: { code, why } });
      const handler = handlers.get(op);
      if (!handler) return refuse(302, `nobody answers ${op}`);
      if (open.size >= openAsksMax) return refuse(103, "busy");
      const stop = new AbortController();
      const { signal } = stop;
      const alarm = newAlarm(clock);
      alarm(ms, () => stop.abort());
      open.set(r, stop);
      try {
        const answer = await handler(d, { signal });
        if (!signal.aborted) send({ t: "reply", r, d: answer });
      } catch (error) {
        if (!signal.aborted) refuse(310, String(error));
      }
      alarm();
      if (open.get(r) === stop) open.delete(r);
    },
    (r) => {
      for (const [key, stop] of open) if (key === (r ?? key)) stop.abort();
      if (!r) open.clear();
    },
  ];
}
