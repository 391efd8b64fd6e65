// Questions to clients: sent on open sessions, answered by `reply` or by their deadline. Bounded in number and time.

import type { Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import { controlFrame, frameOf } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import type { AskResult } from "./ask-result.ts";
import { Inbound } from "./inbound.ts";
import type { Outgoing } from "./outgoing.ts";

/** What a question needs of a session. */
export interface Asked {
  readonly id: string;
  readonly owner: string;
  readonly outgoing: Outgoing;
  /** How long it should wait before it sends more. Milliseconds. */
  readonly rateWaitMs: number;
}

interface Question {
  readonly session: Asked;
  readonly op: string;
  readonly json: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Pending {
  readonly session: Asked;
  /** Of a question with a stream of answers. */
  readonly inbound?: Inbound;
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
    this.#expectRoom();
    return new Promise((resolve) => void this.#open({ session, op, json, timeoutMs, signal }, resolve));
  }

  /**
   * Asks for many values, which the session sends as they are iterated; who leaves the loop stops it. Iterating throws
   * {HubError} why there are no more: the session's refusal, `timeoutMs` over, the signal, the end of the connection.
   *
   * @throws {HubError} `overloaded`
   */
  stream(session: Asked, op: string, json: string, timeoutMs: number, signal?: AbortSignal): AsyncIterable<unknown> {
    this.#expectRoom();
    const { outgoing } = session;
    const inbound = new Inbound(wireLimits.streamWindowCost, (n, isStopped) => {
      const say = (): void => {
        if (this.#pending.has(r)) outgoing.send(controlFrame(outgoing.codec, { t: "part", r, n }));
      };
      if (isStopped) cancel();
      else if (session.rateWaitMs > 0) this.#clock.after(session.rateWaitMs, say);
      else say();
    });
    const [r, cancel] = this.#open(
      { session, op, json, timeoutMs, signal },
      (result) => {
        if (result.is === "answer") inbound.end();
        else inbound.fail(HubError.ofWire(result.code, `${op}: ${result.why}`));
      },
      inbound,
    );
    return inbound;
  }

  /** The stream of answers to this question, if it is this session's. */
  inbound(session: Asked, r: string): Inbound | undefined {
    const pending = this.#pending.get(r);
    return pending?.session === session ? pending.inbound : undefined;
  }

  #expectRoom(): void {
    if (this.#pending.size >= this.#max)
      throw new HubError("overloaded", `${this.#max} questions are open, asksMax is ${this.#max}`);
  }

  /** Sends a question. @returns its number, and what cancels it */
  #open(
    { session, op, json, timeoutMs, signal }: Question,
    settled: (result: AskResult) => void,
    inbound?: Inbound,
  ): [r: string, cancel: () => void] {
    const r = `${this.#node}~${++this.#counter}`;
    const { codec } = session.outgoing;
    const settle = (result: AskResult): void => {
      if (!this.#pending.delete(r)) return;
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", cancel);
      settled(result);
    };
    const giveUp = (why: string): void =>
      settle({ connectionId: session.id, is: "failure", code: deadlinePassed, why });
    const cancel = (): void => {
      if (this.#pending.has(r)) session.outgoing.send(controlFrame(codec, { t: "cancel", r }));
      giveUp("cancelled");
    };
    const timer = this.#clock.after(timeoutMs, () => giveUp(`no answer within ${timeoutMs} ms`));
    this.#pending.set(r, { session, settle, ...(inbound === undefined ? {} : { inbound }) });
    signal?.addEventListener("abort", cancel);
    const w = inbound === undefined ? {} : { w: wireLimits.streamWindowCost };
    session.outgoing.send(
      frameOf(codec.encode({ t: "ask", r, op, ms: timeoutMs, ...w }, { key: "d", json }), "control", 0),
    );
    return [r, cancel];
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
