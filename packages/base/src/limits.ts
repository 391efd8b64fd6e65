// Checks of options at the edge. Each failure names the field, the value and the limit.

import { CodedError } from "./errors.ts";

/** An option or argument is outside its documented range or shape. */
export class OptionError extends CodedError<"option-invalid"> {
  readonly field: string;

  constructor(field: string, given: unknown, wanted: string) {
    super("option-invalid", `${field}: ${describe(given)} given, ${wanted} wanted`);
    this.field = field;
  }
}

/** Throws `OptionError` unless `given` is a finite number in [least, most]. Units are those of the field's name. */
export function expectRange(field: string, given: number, least: number, most: number): void {
  if (typeof given !== "number" || !(given >= least && given <= most)) {
    throw new OptionError(field, given, `a number from ${least} to ${most}`);
  }
}

/** As `expectRange`, for whole numbers. */
export function expectInteger(field: string, given: number, least: number, most: number): void {
  if (!Number.isInteger(given) || given < least || given > most) {
    throw new OptionError(field, given, `a whole number from ${least} to ${most}`);
  }
}

/** Throws `OptionError` unless `given` is one of `allowed`. */
export function expectOneOf<T extends string>(
  field: string,
  given: unknown,
  allowed: readonly T[],
): asserts given is T {
  if (!allowed.includes(given as T)) throw new OptionError(field, given, `one of ${allowed.join(", ")}`);
}

function describe(given: unknown): string {
  const text = typeof given === "string" ? JSON.stringify(given) : String(given);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
