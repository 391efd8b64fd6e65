// A call's result as a stream: values pulled from the handler one by one, each sent as a part. The handler is not asked for
// the next one while the client has no credit for it or the connection no room.

import type { Clock } from "@heddle/base";
import { wireLimits, type CallFrame } from "@heddle/protocol";
import { frameOf } from "../channel/frames.ts";
import type { CallContext, CallOutcome, Operation } from "../ports/index.ts";
import type { Outgoing } from "../session/outgoing.ts";
import type { Session } from "../session/session.ts";

/** A connection that lags does not tell when it has caught up: a stream that waits looks this often. Milliseconds. */
const lookAgainMs = 250;

/**
 * Runs the operation and sends what it yields.
 *
 * @returns `ok` behind the last part, or why there is none. After an abort nobody waits for it.
 * @throws whatever the values throw
 */
export async function sendParts(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  context: CallContext,
): Promise<CallOutcome> {
  const { outgoing, node, requests } = session;
  const { signal } = context;
  const { r, w = wireLimits.streamWindowCost } = frame;
  const pace = new Pace(node.clock, outgoing, Math.min(w, wireLimits.windowCostMax), signal);
  requests.streaming(r, (takenCost) => pace.credit(takenCost));
  const outcome = await operation.run(frame.d, context);
  if (outcome.is !== "stream") return outcome;
  const values = outcome.values[Symbol.asyncIterator]();
  // What `return` throws is how the handler cleaned up: nobody is waiting for it.
  const end = (): void => void Promise.resolve(values.return?.()).catch(() => undefined);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  while (await pace.room(0)) {
    const next: IteratorResult<string, unknown> = await values.next();
    if (next.done) return { is: "ok", json: undefined };
    const part = frameOf(outgoing.codec.encode({ t: "part", r }, { key: "d", json: next.value }), "part", 0);
    if (!(await pace.room(part.cost))) break;
    pace.sent(part.cost);
    outgoing.port.send(part);
  }
  return { is: "failed", why: "cancelled" };
}

/** When the next part may go: while the client has credit for it and the connection room. */
class Pace {
  readonly #clock: Clock;
  readonly #outgoing: Outgoing;
  readonly #windowCost: number;
  readonly #signal: AbortSignal;
  #sentCost = 0;
  #takenCost = 0;
  /** Present while a part waits. */
  #look: (() => void) | undefined;

  constructor(clock: Clock, outgoing: Outgoing, windowCost: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#outgoing = outgoing;
    this.#windowCost = windowCost;
    this.#signal = signal;
  }

  /** Totals rise; whoever claims more than was sent gets no more for it. */
  credit(takenCost: number): void {
    this.#takenCost = Math.max(this.#takenCost, Math.min(takenCost, this.#sentCost));
    this.#look?.();
  }

  sent(cost: number): void {
    this.#sentCost += cost;
    this.#outgoing.note(cost);
  }

  /** Resolves with true when a part of this cost may go, with false when it is not wanted any more. */
  async room(cost: number): Promise<boolean> {
    while (!this.#signal.aborted && !(this.#hasCredit && this.#outgoing.hasRoomFor(cost))) await this.#change();
    return !this.#signal.aborted;
  }

  get #hasCredit(): boolean {
    // Where nobody acknowledges, nobody gives credit: the connection's room is all the pace there is.
    return !this.#outgoing.port.windowed || this.#sentCost - this.#takenCost < this.#windowCost;
  }

  /** Resolves when something has changed that a part may wait for: credit, or else room. */
  #change(): Promise<void> {
    const { acknowledged, port } = this.#outgoing;
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const look = (): void => {
        this.#look = undefined;
        this.#signal.removeEventListener("abort", look);
        for (const stop of stops) stop();
        resolve();
      };
      this.#look = look;
      this.#signal.addEventListener("abort", look);
      if (!this.#hasCredit) return;
      const timer = this.#clock.after(lookAgainMs, look);
      stops.push(() => timer[Symbol.dispose](), acknowledged.on(look), port.writable.on(look));
    });
  }
}
