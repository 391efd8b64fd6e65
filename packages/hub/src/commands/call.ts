// Calls: one handler, one answer or a stream of them, stopped by cancel, deadline or disconnect. Idempotent ones are
// carried out once.

import { wireLimits, type CallFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Actor, CallContext, CallOutcome, Operation } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { Stop } from "../session/stop.ts";
import { hasRequestRoom } from "./admit.ts";
import { receiveParts } from "./input.ts";
import { sendParts } from "./stream.ts";

export function call(session: Session, frame: CallFrame): void {
  const { r, op } = frame;
  const operation = session.node.application.operation(op);
  if (operation === undefined)
    return session.refuse(r, "unknownName", { why: `no call ${JSON.stringify(op.slice(0, 64))}` });
  if (!operation.isIdempotent && frame.n !== undefined)
    return session.refuse(r, "badRequest", { why: `call.n: ${op} is not idempotent` });
  if (operation.isIdempotent && (frame.n === undefined || frame.n < 1)) {
    return session.refuse(r, "badRequest", { why: `call.n: ${op} is idempotent and needs a number from 1` });
  }
  const problem = streamProblem(operation, frame, session);
  if (problem !== undefined) return session.refuse(r, "badRequest", { why: `call.${problem}` });
  if (!hasRequestRoom(session, r) || !hasCallRoom(session, r, operation)) return;
  const stop = session.requests.stoppable(r);
  if (stop === undefined) return session.refuse(r, "badRequest", { why: `call.r: ${r} is open already` });
  session.node.counters.calls++;
  carryOut(session, operation, frame, stop);
}

const isStreaming = ({ isStream, isInputStream }: Operation): boolean => Boolean(isStream || isInputStream);

function streamProblem(operation: Operation, { op, w, d }: CallFrame, { peer }: Session): string | undefined {
  // Its values would have to find the way back to this node.
  if (operation.isInputStream && peer.transport === "frames")
    return `op: the input of ${op} is a stream, which needs a WebSocket`;
  if (operation.isInputStream && d !== undefined) return `d: the input of ${op} is a stream`;
  if (!operation.isStream) return w === undefined ? undefined : `w: ${op} does not stream`;
  return w === undefined || w < 1 ? `w: ${op} streams and needs a window from 1` : undefined;
}

/** Whether the node, and for a stream the connection, may have another; refuses it when not. */
function hasCallRoom(session: Session, r: number, operation: Operation): boolean {
  const full = isStreaming(operation) ? streamsFull(session) : callsFull(session);
  if (full === undefined) return true;
  session.refuse(r, "overloaded", { why: `${full} are open`, ms: 100 });
  return false;
}

function callsFull({ node }: Session): string | undefined {
  const { callsMax } = node.limits;
  return node.open.callCount < callsMax ? undefined : `${callsMax} calls of this node`;
}

function streamsFull({ node, requests }: Session): string | undefined {
  const { streamsMax } = node.limits;
  if (requests.streamCount >= wireLimits.streamCount) return `${wireLimits.streamCount} streams of this connection`;
  return node.open.streamCount < streamsMax ? undefined : `${streamsMax} streams of this node`;
}

/** What a handler is told. */
class Calling implements CallContext {
  readonly who: Actor;
  readonly idempotencyKey: string | undefined;
  /** What the client streams; undefined unless the operation takes such. */
  readonly input: AsyncIterable<unknown> | undefined;
  readonly #stop: Stop;

  constructor(who: Actor, idempotencyKey: string | undefined, stop: Stop, input?: AsyncIterable<unknown>) {
    this.who = who;
    this.input = input;
    this.idempotencyKey = idempotencyKey;
    this.#stop = stop;
  }

  with(input: AsyncIterable<unknown>): Calling {
    return new Calling(this.who, this.idempotencyKey, this.#stop, input);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isStopped(): boolean {
    return this.#stop.isStopped;
  }
}

/** Most answers are there at once: a promise and a timer for each would cost more than finding the answer. */
function carryOut(session: Session, operation: Operation, frame: CallFrame, stop: Stop): void {
  const { r } = frame;
  try {
    const outcome = outcomeOf(session, operation, frame, stop);
    if (outcome instanceof Promise) return void waitFor(session, operation, frame, stop, outcome);
    session.requests.finished(r);
    answer(session, r, outcome);
  } catch (error) {
    session.requests.finished(r);
    session.refuseThrown(r, error);
  }
}

async function waitFor(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  stop: Stop,
  outcome: Promise<CallOutcome>,
): Promise<void> {
  const { node, requests } = session;
  const { clock, open } = node;
  const kind = isStreaming(operation) ? "streamCount" : "callCount";
  open[kind]++;
  requests.requestBegun();
  const ms = deadlineOf(operation, frame);
  const deadline = ms === undefined ? undefined : clock.after(ms, () => stop.stop(`no answer within ${ms} ms`));
  try {
    answer(session, frame.r, await unlessStopped(stop, outcome));
  } catch (error) {
    session.refuseThrown(frame.r, error);
  } finally {
    open[kind]--;
    deadline?.[Symbol.dispose]();
    requests.finished(frame.r);
    requests.requestDone();
  }
}

/** @throws {HubError} `cancelled` as soon as it is stopped, or what the call throws */
function unlessStopped(stop: Stop, outcome: Promise<CallOutcome>): Promise<CallOutcome> {
  return new Promise((resolve, reject) => {
    stop.tell((why) => reject(new HubError("cancelled", why)));
    outcome.then(resolve, reject);
  });
}

/** A stream lasts as long as both sides like, unless the client says otherwise. */
function deadlineOf(operation: Operation, { ms }: CallFrame): number | undefined {
  if (isStreaming(operation) && ms === undefined) return undefined;
  return Math.min(Math.max(ms ?? wireLimits.callMs, 1), wireLimits.callMsMax);
}

/** An idempotent call outlives its connection: the client asks again elsewhere and must find the answer. */
function outcomeOf(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  stop: Stop,
): CallOutcome | Promise<CallOutcome> {
  const { actor, node } = session;
  const context = new Calling(actor, undefined, stop);
  const given = operation.isInputStream ? context.with(receiveParts(session, frame.r, stop.signal)) : context;
  if (operation.isStream) return sendParts(session, operation, frame, given);
  if (!operation.isIdempotent) return operation.run(frame.d, given);
  const idempotencyKey = `${actor.x}:${frame.n}`;
  return node.moves.once(session.move, `${frame.op} ${idempotencyKey}`, async () =>
    operation.run(frame.d, new Calling(actor, idempotencyKey, new Stop())),
  );
}

function answer(session: Session, r: number, outcome: CallOutcome): void {
  switch (outcome.is) {
    case "ok":
      return session.okJson(r, outcome.json);
    case "stream": // of an operation that does not say that it streams
      return session.refuse(r, "failed", { why: "internal error" });
    case "refused":
      return session.refuse(r, "refused", { why: outcome.why, ...(outcome.issues ? { issues: outcome.issues } : {}) });
    case "forbidden":
    case "tooLarge":
    case "failed":
      return session.refuse(r, outcome.is, { why: outcome.why });
  }
}
