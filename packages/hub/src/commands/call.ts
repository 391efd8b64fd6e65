// Calls: one handler, one answer or a stream of them, stopped by cancel, deadline or disconnect. Idempotent ones are
// carried out once.

import { wireLimits, type CallFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { CallOutcome, Operation } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { hasRequestRoom } from "./admit.ts";
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
  const problem = streamProblem(operation, frame);
  if (problem !== undefined) return session.refuse(r, "badRequest", { why: `call.w: ${op} ${problem}` });
  if (!hasRequestRoom(session, r) || !hasCallRoom(session, r, operation)) return;
  const stop = session.requests.stoppable(r);
  if (stop === undefined) return session.refuse(r, "badRequest", { why: `call.r: ${r} is open already` });
  session.node.counters.calls++;
  void session.requests.counted(() => carryOut(session, operation, frame, stop));
}

function streamProblem({ isStream = false }: Operation, { w }: CallFrame): string | undefined {
  if (!isStream) return w === undefined ? undefined : "does not stream";
  return w === undefined || w < 1 ? "streams and needs a window from 1" : undefined;
}

/** Whether the node, and for a stream the connection, may have another; refuses it when not. */
function hasCallRoom(session: Session, r: number, { isStream }: Operation): boolean {
  const full = isStream ? streamsFull(session) : callsFull(session);
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

async function carryOut(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  stop: AbortController,
): Promise<void> {
  const { clock, open } = session.node;
  const kind = operation.isStream ? "streamCount" : "callCount";
  open[kind]++;
  const ms = deadlineOf(operation, frame);
  const deadline =
    ms === undefined ? undefined : clock.after(ms, () => stop.abort(new Error(`no answer within ${ms} ms`)));
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () =>
      reject(new HubError("cancelled", String((stop.signal.reason as Error).message))),
    );
  });
  try {
    answer(session, frame.r, await Promise.race([outcomeOf(session, operation, frame, stop.signal), stopped]));
  } catch (error) {
    session.refuseThrown(frame.r, error);
  } finally {
    open[kind]--;
    deadline?.[Symbol.dispose]();
    session.requests.finished(frame.r);
  }
}

/** A stream lasts as long as both sides like, unless the client says otherwise. */
function deadlineOf({ isStream }: Operation, { ms }: CallFrame): number | undefined {
  if (isStream && ms === undefined) return undefined;
  return Math.min(Math.max(ms ?? wireLimits.callMs, 1), wireLimits.callMsMax);
}

/** An idempotent call outlives its connection: the client asks again elsewhere and must find the answer. */
function outcomeOf(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const { actor, node } = session;
  if (operation.isStream) return sendParts(session, operation, frame, signal);
  if (!operation.isIdempotent) return operation.run(frame.d, { who: actor, signal, idempotencyKey: undefined });
  const idempotencyKey = `${actor.x}:${frame.n}`;
  return node.answers.once(`${frame.op} ${idempotencyKey}`, () =>
    operation.run(frame.d, { who: actor, signal: new AbortController().signal, idempotencyKey }),
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
