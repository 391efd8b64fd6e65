// One call of the contract as the hub carries it out: input checked, handler run, output checked and serialised.

import type { CallDefinition } from "@heddle/protocol/contract";
import type { HubError } from "@heddle/hub";
import type { CallContext as HubCallContext, CallOutcome, Operation } from "@heddle/hub/ports";
import { check, expectValid, serialise } from "./payload.ts";
import type { Faults } from "./refusal.ts";
import type { CallHandler } from "./setup.ts";
import { userOf } from "./user.ts";

export function operationOf(name: string, definition: CallDefinition, handler: CallHandler, faults: Faults): Operation {
  const what = `call("${name}")`;
  const run = async (value: unknown, context: HubCallContext): Promise<CallOutcome> => {
    try {
      const input = await check(name, definition.input, value);
      if (input.is === "refused") return input;
      const { who, signal, idempotencyKey } = context;
      // Stopped while the input was checked: a handler that begins now would never hear of it.
      if (signal.aborted) return { is: "failed", why: "cancelled" };
      const user = userOf(who);
      const { connectionId } = who;
      const output = await handler(input.value, { user, claims: user.claims, connectionId, signal, idempotencyKey });
      const result = await expectValid(`${name}: result`, definition.output, output);
      return { is: "ok", json: result === undefined ? undefined : serialise(name, result) };
    } catch (thrown) {
      // After a cancel nobody waits for this answer, and what the handler throws is how it stopped.
      if (context.signal.aborted) return { is: "failed", why: "cancelled" };
      return outcomeOf(faults.answerTo(thrown, what));
    }
  };
  return { isIdempotent: definition.isIdempotent, run };
}

function outcomeOf({ code, message: why, issues }: HubError): CallOutcome {
  if (code === "forbidden") return { is: "forbidden", why };
  if (code === "refused") return { is: "refused", why, ...(issues === undefined ? {} : { issues }) };
  return { is: "failed", why };
}
