// Questions from the server: one handler a name, one reply each, stopped by cancel, deadline or the end of the connection.

import type { Clock } from "@heddle/base";
import type { AskFrame, PartFrame, ServerCancelFrame } from "@heddle/protocol";
import type { Send } from "../connection/send.ts";
import type { Off } from "../emitter.ts";
import { newAlarm } from "../timers.ts";
import { newOutflow, type Iterated, type Outflow } from "./outflow.ts";

export type AskHandler = (question: unknown, context: { readonly signal: AbortSignal }) => unknown;

export type Asks = readonly [
  /** The latest handler of a name answers; the result takes it away. */
  on: (name: string, handler: AskHandler) => Off,
  /** A question, that its answer is no longer wanted, or how much of it was taken. */
  came: (frame: AskFrame | ServerCancelFrame | PartFrame) => Promise<void>,
  /** Stops all: the connection ended and nobody waits. */
  stop: () => void,
];

/** Questions being answered at once. */
export const openAsksMax = 32;

export function newAsks(clock: Clock, send: Send): Asks {
  const handlers = new Map<string, AskHandler>();
  const open = new Map<string, AbortController>();
  const flows = new Map<string, Outflow>();
  /** Sends the values of an answer; says when that were all. */
  const pour = async (r: string, values: Iterated, windowCost: number, signal: AbortSignal): Promise<void> => {
    const flow = newOutflow(values, windowCost, send);
    const [run, , stop] = flow;
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    flows.set(r, flow);
    try {
      if (await run(r)) send({ t: "reply", r });
    } finally {
      flows.delete(r);
    }
  };
  return [
    (name, handler) => {
      handlers.set(name, handler);
      return () => void (handlers.get(name) === handler && handlers.delete(name));
    },
    async (frame) => {
      if (frame.t === "cancel") return open.get(frame.r)?.abort();
      if (frame.t === "part") return flows.get(`${frame.r}`)?.[1](frame.n ?? 0);
      const { r, op, d, ms, w } = frame;
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
        if (w) await pour(r, answer as Iterated, w, signal);
        else if (!signal.aborted) send({ t: "reply", r, d: answer });
      } catch (error) {
        if (!signal.aborted) refuse(310, String(error));
      }
      alarm();
      if (open.get(r) === stop) open.delete(r);
    },
    () => {
      for (const stop of open.values()) stop.abort();
      open.clear();
    },
  ];
}
