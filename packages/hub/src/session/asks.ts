// Questions to clients: sent on open sessions, answered by `reply` or by their deadline. Bounded in number and time.

import type { Clock } from "@heddle/base";
import { controlFrame, frameOf } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import type { Outgoing } from "./outgoing.ts";

/** What a question needs of a session. */
export interface Asked {
  readonly id: string;
  readonly owner: string;
  readonly outgoing: Outgoing;
}

/** What one session said. */
export type AskResult =
  | { readonly connectionId: string; readonly is: "answer"; readonly value: unknown }
  /** `code` is the client's own, 309 at the deadline, 101 when the connection ended first. */
  | { readonly connectionId: string; readonly is: "failure"; readonly code: number; readonly why: string };

interface Pending {
  readonly session: Asked;
  settle(result: AskResult): void;
}

const deadlinePassed = 309;
const connectionLost = 101;

export class Asks {
  readonly #node: string;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #pending = new Map<string, Pending>();
  #counter = 0;

  constructor(node: string, clock: Clock, max: number) {
    this.#node = node;
    this.#clock = clock;
    this.#max = max;
  }

  /** Resolves with the session's answer or why there is none, at the latest after `timeoutMs`. @throws {HubError} `overloaded` */
  ask(session: Asked, op: string, json: string, timeoutMs: number, signal?: AbortSignal): Promise<AskResult> {
    if (this.#pending.size >= this.#max)
      throw new HubError("overloaded", `${this.#max} questions are open, asksMax is ${this.#max}`);
    const r = `${this.#node}~${++this.#counter}`;
    const { codec } = session.outgoing;
    return new Promise((resolve) => {
      const settle = (result: AskResult): void => {
        if (!this.#pending.delete(r)) return;
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", abort);
        resolve(result);
      };
      const giveUp = (code: number, why: string): void =>
        settle({ connectionId: session.id, is: "failure", code, why });
      const abort = (): void => {
        session.outgoing.send(controlFrame(codec, { t: "cancel", r }));
        giveUp(deadlinePassed, "cancelled");
      };
      const timer = this.#clock.after(timeoutMs, () => giveUp(deadlinePassed, `no answer within ${timeoutMs} ms`));
      this.#pending.set(r, { session, settle });
      signal?.addEventListener("abort", abort);
      session.outgoing.send(
        frameOf(codec.encode({ t: "ask", r, op, ms: timeoutMs }, { key: "d", json }), "control", 0),
      );
    });
  }

  /** A `reply` came. Unknown or late ones, and those of another user, are ignored. */
  reply(
    session: Asked,
    r: string,
    reply: { readonly d?: unknown; readonly err?: { readonly code: number; readonly why?: string } },
  ): void {
    const pending = this.#pending.get(r);
    if (pending === undefined || pending.session.owner !== session.owner) return;
    const connectionId = pending.session.id;
    if (reply.err === undefined) pending.settle({ connectionId, is: "answer", value: reply.d });
    else
      pending.settle({
        connectionId,
        is: "failure",
        code: Number(reply.err.code) || 0,
        why: String(reply.err.why ?? ""),
      });
  }

  /** The session is gone: its questions fail now rather than at their deadline. */
  sessionEnded(session: Asked): void {
    for (const { session: asked, settle } of [...this.#pending.values()]) {
      if (asked !== session) continue;
      settle({ connectionId: session.id, is: "failure", code: connectionLost, why: "the connection ended" });
    }
  }
}
