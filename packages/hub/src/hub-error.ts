// The hub's errors for its embedder: the codes of the wire, so that one table explains both.

import { CodedError } from "@heddle/base";
import { errorCodes, type ErrorKey, type Issue } from "@heddle/protocol";

/** A request was not carried out. `code` is a key of `errorCodes`; `issues` say what a schema refused. */
export class HubError extends CodedError<ErrorKey> {
  readonly issues: readonly Issue[] | undefined;
  /** The other node that did not do what it was asked to. */
  readonly node: string | undefined;

  constructor(
    code: ErrorKey,
    why: string,
    options: { readonly issues?: readonly Issue[] | undefined; readonly node?: string; readonly cause?: unknown } = {},
  ) {
    const { retry } = errorCodes[code];
    super(code, why, { retryable: retry === "same-frame" || retry === "after-ms", cause: options.cause });
    this.issues = options.issues;
    this.node = options.node;
  }

  /** What a client refused with, by the number on the wire: `failed` when nobody knows it. */
  static ofWire(code: number, why: string): HubError {
    const known = Object.entries(errorCodes).find(([, error]) => error.code === code);
    return new HubError(known === undefined ? "failed" : (known[0] as ErrorKey), why);
  }
}
