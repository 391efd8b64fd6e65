// Requests without a connection: each POST runs on whichever node it reaches, and its answers come back in its body.

import { wireLimits, type CallFrame, type HelloFrame } from "@heddle/protocol";
import { readFrames } from "./body-lines.ts";
import type { Request } from "./request.ts";
import type { Loose } from "../../connection/send.ts";

export interface PostsEnv {
  readonly request: Request;
  hello(): Loose<HelloFrame>;
  heard(text: string): void;
  /** A POST was not answered: what it asked for is open. */
  failed(error: unknown): void;
  /** Runs when everything of this turn was said. */
  soon(run: () => void): void;
}

export interface Posts {
  /** @param call  the frame, if it is a call: such go alone, so that they can be cancelled and hold up nothing */
  send(text: string, call?: Pick<CallFrame, "r" | "w">): void;
  cancel(r: number): void;
  /** The consumer of a call's values has taken this much of them. */
  credit(r: number, taken: number): void;
  /** Whether the server answers at all. */
  greet(): Promise<void>;
  /** Sends these behind everything else; answers are nobody's. */
  last(frames: readonly string[]): Promise<void>;
  stop(): void;
}

/** Calls under way at a time; browsers open six connections to a server, and one of them follows. */
const callsMax = 3;
/** What one POST holds besides its first frame. UTF-16 units. */
const batchLengthMax = 2 * wireLimits.frameBytes;

export function newPosts(env: PostsEnv): Posts {
  const whole = new AbortController();
  let waiting: string[] = [];
  let isUnderWay = false;
  let isDue = false;
  const waitingCalls: { readonly text: string; readonly r: number; readonly aheadCost: number }[] = [];
  const calls = new Map<number, { abort(): void; credit(taken: number): void }>();

  const post = async (
    frames: readonly string[],
    signal: AbortSignal,
    heard: (text: string) => void | Promise<void> = env.heard,
  ): Promise<void> => {
    const body = await env.request("frames", [JSON.stringify(env.hello()), ...frames], signal);
    if (body === undefined) return;
    await readFrames(body, (text) => (/^\{"t":"(?:welcome|ping|bye)"/.test(text) ? undefined : heard(text)));
  };
  const carefully = async (run: () => Promise<void>, signal = whole.signal): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!signal.aborted) env.failed(error);
    }
  };

  /** In order, one POST at a time: publishes of a channel must not overtake each other. */
  const flush = async (): Promise<void> => {
    isDue = false;
    if (isUnderWay || whole.signal.aborted || waiting.length === 0) return;
    isUnderWay = true;
    let length = 0;
    const count = waiting.findIndex((text, index) => index > 0 && (length += text.length) > batchLengthMax);
    const batch = waiting.splice(0, count === -1 ? waiting.length : count);
    await carefully(() => post(batch, whole.signal));
    isUnderWay = false;
    void flush();
  };

  const nextCall = async (): Promise<void> => {
    if (calls.size >= callsMax) return;
    const next = waitingCalls.shift();
    if (next === undefined || whole.signal.aborted) return;
    const own = new AbortController();
    const pace = newPace(next.aheadCost);
    const abort = (): void => {
      own.abort();
      pace.credit(Infinity);
    };
    whole.signal.addEventListener("abort", abort, { once: true });
    calls.set(next.r, { abort, credit: pace.credit });
    const hear = (text: string): Promise<void> | undefined => {
      if (!own.signal.aborted) env.heard(text);
      return text.startsWith('{"t":"part"') ? pace.took(text.length) : undefined;
    };
    await carefully(() => post([next.text], own.signal, hear), own.signal);
    whole.signal.removeEventListener("abort", abort);
    calls.delete(next.r);
    void nextCall();
  };

  return {
    send(text, call) {
      if (call !== undefined) {
        waitingCalls.push({ text, r: call.r, aheadCost: call.w ?? wireLimits.streamWindowCost });
        void nextCall();
        return;
      }
      waiting.push(text);
      if (isDue) return;
      isDue = true;
      env.soon(() => void flush());
    },
    cancel(r) {
      const index = waitingCalls.findIndex((call) => call.r === r);
      if (index >= 0) waitingCalls.splice(index, 1);
      calls.get(r)?.abort();
    },
    credit: (r, taken) => calls.get(r)?.credit(taken),
    last: (frames) => carefully(() => post(frames, whole.signal, () => undefined)),
    greet: () =>
      carefully(async () => {
        await post([], whole.signal);
        env.heard('{"t":"pong"}');
      }),
    stop() {
      whole.abort();
      waiting = [];
      waitingCalls.length = 0;
    },
  };
}

/** How far reading may be ahead of a consumer: beyond it the body is left where it is, and TCP stops the handler. */
function newPace(aheadCost: number): { took(cost: number): Promise<void> | undefined; credit(taken: number): void } {
  let read = 0;
  let credited = 0;
  let go: (() => void) | undefined;
  return {
    took(cost) {
      read += cost;
      return read - credited < aheadCost ? undefined : new Promise((resolve) => (go = resolve));
    },
    credit(taken) {
      credited = Math.max(credited, taken);
      if (read - credited < aheadCost) go?.();
    },
  };
}
