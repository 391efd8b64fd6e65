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

  /** At once where schema and handler are: a call without a promise costs a tenth less. */
  const run = (value: unknown, context: HubCallContext): CallOutcome | Promise<CallOutcome> => {
    try {
      if (isInputStream) return handled(inputsOf(context.input as AsyncIterable<unknown>), context);
      const checked = check(name, definition.input, value);
      if (checked instanceof Promise)
        return settled(
          checked.then((late) => checkedInput(late, context)),
          context,
        );
      return checkedInput(checked, context);
    } catch (thrown) {
      return failed(thrown, context);
    }
  };

  const checkedInput = (input: Checked, context: HubCallContext): CallOutcome | Promise<CallOutcome> => {
    if (input.is === "refused") return input;
    // Stopped while the input was checked: a handler that begins now would never hear of it.
    if (context.isStopped) return { is: "failed", why: "cancelled" };
    return handled(input.value, context);
  };

  const handled = (input: unknown, context: HubCallContext): CallOutcome | Promise<CallOutcome> => {
    const { who, idempotencyKey } = context;
    const user = userOf(who);
    const { connectionId } = who;
    const output = handler(input, withSignal({ user, claims: user.claims, connectionId, idempotencyKey }, context));
    if (isThenable(output))
      return settled(
        Promise.resolve(output).then((late) => answered(late, context)),
        context,
      );
    return answered(output, context);
  };

  const answered = (output: unknown, context: HubCallContext): CallOutcome | Promise<CallOutcome> => {
    if (isStream) return { is: "stream", values: valuesOf(output as AsyncIterable<unknown>, context) };
    const valid = expectValid(resultName, definition.output, output);
    return valid instanceof Promise ? settled(valid.then(resultOf), context) : resultOf(valid);
  };

  const resultOf = (result: unknown): CallOutcome => ({
    is: "ok",
    json: result === undefined ? undefined : serialise(name, result),
  });

  const settled = (outcome: Promise<CallOutcome>, context: HubCallContext): Promise<CallOutcome> =>
    outcome.catch((thrown: unknown) => failed(thrown, context));

  const failed = (thrown: unknown, { isStopped }: HubCallContext): CallOutcome =>
    // After a cancel nobody waits for this answer, and what the handler throws is how it stopped.
    isStopped ? { is: "failed", why: "cancelled" } : outcomeOf(answerTo(thrown));

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

/** A handler may give a promise of another maker. */
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === "function";

function outcomeOf({ code, message: why, issues }: HubError): CallOutcome {
  if (code === "forbidden") return { is: "forbidden", why };
  if (code === "refused") return { is: "refused", why, ...(issues === undefined ? {} : { issues }) };
  return { is: code === "tooLarge" ? code : "failed", why };
}
