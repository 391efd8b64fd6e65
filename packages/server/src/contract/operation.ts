// One call of the contract as the hub carries it out: input checked, handler run, output checked and serialised.

import type { CallDefinition } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";
import type { CallContext as HubCallContext, CallOutcome, Operation } from "@heddle/hub/ports";
import { check, expectValid, serialise, type Checked } from "./payload.ts";
import { refuse, type Faults } from "./refusal.ts";
import type { CallHandler } from "./setup.ts";
import { userOf } from "./user.ts";
import { withSignal } from "./with-signal.ts";

export function operationOf(name: string, definition: CallDefinition, handler: CallHandler, faults: Faults): Operation {
  const { isIdempotent, isStream, isInputStream } = definition;
  const what = `call("${name}")`;
  const resultName = `${name}: result`;
  const run = async (value: unknown, context: HubCallContext): Promise<CallOutcome> => {
    try {
      const checked: Checked | Promise<Checked> = isInputStream
        ? { is: "ok", value: inputsOf(context.input as AsyncIterable<unknown>) }
        : check(name, definition.input, value);
      const input = checked instanceof Promise ? await checked : checked;
      if (input.is === "refused") return input;
      const { who, idempotencyKey } = context;
      // Stopped while the input was checked: a handler that begins now would never hear of it.
      if (context.isStopped) return { is: "failed", why: "cancelled" };
      const user = userOf(who);
      const { connectionId } = who;
      const about = withSignal({ user, claims: user.claims, connectionId, idempotencyKey }, context);
      const output = await handler(input.value, about);
      if (isStream) return { is: "stream", values: valuesOf(output as AsyncIterable<unknown>, context) };
      const valid = expectValid(resultName, definition.output, output);
      const result = valid instanceof Promise ? ((await valid) as unknown) : valid;
      return { is: "ok", json: result === undefined ? undefined : serialise(name, result) };
    } catch (thrown) {
      // After a cancel nobody waits for this answer, and what the handler throws is how it stopped.
      if (context.isStopped) return { is: "failed", why: "cancelled" };
      return outcomeOf(answerTo(thrown));
    }
  };

  /** `serialise` says which value is too large, and how much: the client may ask for less. */
  const answerTo = (thrown: unknown): HubError =>
    thrown instanceof HubError && thrown.code === "tooLarge" ? thrown : faults.answerTo(thrown, what);

  /** What the handler yields, checked and serialised as it is pulled. @throws {HubError} */
  async function* valuesOf(output: AsyncIterable<unknown>, context: HubCallContext): AsyncGenerator<string, void> {
    try {
      for await (const value of output)
        yield serialise(name, await expectValid(`${name}: value`, definition.output, value));
    } catch (thrown) {
      if (!context.isStopped) throw answerTo(thrown);
    }
  }

  /** What the client sends, checked as it is pulled. A value that breaks the schema is thrown as a refusal in the handler. */
  async function* inputsOf(values: AsyncIterable<unknown>): AsyncGenerator<unknown, void> {
    for await (const value of values) {
      const checked = await check(`${name}: input`, definition.input, value);
      if (checked.is === "refused") refuse(checked.why, checked.issues);
      yield checked.value;
    }
  }

  return { isIdempotent, isStream, isInputStream, run };
}

function outcomeOf({ code, message: why, issues }: HubError): CallOutcome {
  if (code === "forbidden") return { is: "forbidden", why };
  if (code === "refused") return { is: "refused", why, ...(issues === undefined ? {} : { issues }) };
  return { is: code === "tooLarge" ? code : "failed", why };
}
