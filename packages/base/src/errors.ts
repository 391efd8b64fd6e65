// What every error of ours has in common: a code to switch on, and a word on whether trying again helps.

/** Base of every error family. A package derives one class whose `Code` is the closed union of its causes. */
export class CodedError<Code extends string | number> extends Error {
  readonly code: Code;
  /** Whether the same attempt may succeed later without a change. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, options?: { readonly retryable?: boolean; readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = !!options?.retryable;
    this.name = new.target.name;
  }
}

/** Ends an exhaustive switch: does not compile while a case is missing, throws if it happens anyway. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
