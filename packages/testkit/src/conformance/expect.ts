// The few assertions the checks need, so that they run under any test runner, or none.

import { messageOf } from "@heddle/base";
import { EngineError, type EngineErrorCode } from "@heddle/hub/ports";

/** An engine does not do what the port says. */
export class ConformanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConformanceError";
  }
}

/** Throws unless both are the same in every part. Bytes of any kind of array are compared as numbers. */
export function expectSame(what: string, given: unknown, wanted: unknown): void {
  const [givenText, wantedText] = [textOf(given), textOf(wanted)];
  if (givenText !== wantedText) throw new ConformanceError(`${what}: ${givenText} given, ${wantedText} wanted`);
}

export function expectThat(what: string, holds: boolean): void {
  if (!holds) throw new ConformanceError(what);
}

/** Throws unless `running` rejects with an `EngineError` of one of these codes. */
export async function expectRefusal(
  what: string,
  running: Promise<unknown>,
  ...codes: readonly EngineErrorCode[]
): Promise<void> {
  const outcome = await running.then(
    (value) => ({ is: "resolved" as const, value }),
    (error: unknown) => ({ is: "rejected" as const, error }),
  );
  if (outcome.is === "resolved") throw new ConformanceError(`${what}: resolved to ${textOf(outcome.value)}`);
  const { error } = outcome;
  if (!(error instanceof EngineError)) throw new ConformanceError(`${what}: no EngineError but ${messageOf(error)}`);
  expectThat(`${what}: code ${error.code} given, ${codes.join(" or ")} wanted`, codes.includes(error.code));
}

/** JSON with keys in order; absent and undefined are the same. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (ArrayBuffer.isView(part)) return [...(part as Uint8Array)];
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? "undefined";
