// One call of the contract as the hub carries it out: input checked, handler run, output checked and serialised.

import type { CallDefinition } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";
import type { CallContext as HubCallContext, CallOutcome, Operation } from "@heddle/hub/ports";
import { check, expectValid, serialise } from "./payload.ts";
import type { Faults } from "./refusal.ts";
import type { CallHandler } from "./setup.ts";
import { userOf } from "./user.ts";

export function operationOf(name: string, definition: CallDefinition, handler: CallHandler, faults: Faults): Operation {
  const { isIdempotent, isStream } = definition;
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
      if (isStream) return { is: "stream", values: valuesOf(output as AsyncIterable<unknown>, signal) };
      const result = await expectValid(`${name}: result`, definition.output, output);
      return { is: "ok", json: result === undefined ? undefined : serialise(name, result) };
    } catch (thrown) {
      // After a cancel nobody waits for this answer, and what the handler throws is how it stopped.
      if (context.signal.aborted) return { is: "failed", why: "cancelled" };
      return outcomeOf(answerTo(thrown));
    }
  };

  /** `serialise` says which value is too large, and how much: the client may ask for less. */
  const answerTo = (thrown: unknown): HubError =>
    thrown instanceof HubError && thrown.code === "tooLarge" ? thrown : faults.answerTo(thrown, what);

  /** What the handler yields, checked and serialised as it is pulled. @throws {HubError} */
  async function* valuesOf(output: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<string, void> {
    try {
      for await (const value of output)
        yield serialise(name, await expectValid(`${name}: value`, definition.output, value));
    } catch (thrown) {
      if (!signal.aborted) throw answerTo(thrown);
    }
  }

  return { isIdempotent, isStream, run };
}

function outcomeOf({ code, message: why, issues }: HubError): CallOutcome {
  if (code === "forbidden") return { is: "forbidden", why };
  if (code === "refused") return { is: "refused", why, ...(issues === undefined ? {} : { issues }) };
  return { is: code === "tooLarge" ? code : "failed", why };
}
