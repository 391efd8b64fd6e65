// Calls: one handler, one answer, stopped by cancel, deadline or disconnect. Idempotent ones are carried out once.

import { wireLimits, type CallFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { CallOutcome, Operation } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { hasRequestRoom } from "./admit.ts";

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
  if (!hasRequestRoom(session, r)) return;
  const stop = session.requests.stoppable(r);
  if (stop === undefined) return session.refuse(r, "badRequest", { why: `call.r: ${r} is open already` });
  session.node.counters.calls++;
  void session.requests.counted(() => carryOut(session, operation, frame, stop));
}

async function carryOut(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  stop: AbortController,
): Promise<void> {
  const { clock } = session.node;
  const ms = Math.min(Math.max(frame.ms ?? wireLimits.callMs, 1), wireLimits.callMsMax);
  const deadline = clock.after(ms, () => stop.abort(new Error(`no answer within ${ms} ms`)));
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
    deadline[Symbol.dispose]();
    session.requests.finished(frame.r);
  }
}

/** An idempotent call outlives its connection: the client asks again elsewhere and must find the answer. */
function outcomeOf(
  session: Session,
  operation: Operation,
  frame: CallFrame,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const { actor, node } = session;
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
    case "refused":
      return session.refuse(r, "refused", { why: outcome.why, ...(outcome.issues ? { issues: outcome.issues } : {}) });
    case "forbidden":
      return session.refuse(r, "forbidden", { why: outcome.why });
    case "failed":
      return session.refuse(r, "failed", { why: outcome.why });
  }
}
