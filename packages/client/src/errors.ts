// What can go wrong, told to the application: the server's answers by their wire code, and what the client decides itself.

import { CodedError } from "@heddle/base";
import type { ErrFrame, Issue, WirePos } from "@heddle/protocol";

/** The server said no. `code` and `name` are those of the protocol's error table. */
export class HeddleError extends CodedError<number> {
  /** In the server's words. */
  declare readonly why: string | undefined;
  /** Which parts of a payload break which rule. */
  declare readonly issues: readonly Issue[] | undefined;
  /** When trying again may help. Milliseconds. */
  declare readonly retryAfterMs: number | undefined;
  /** Where the channel stands, when a conditional publish lost. */
  declare readonly head: WirePos | undefined;
  /** The oldest position that can still be read, when an older one was asked for. */
  declare readonly floor: WirePos | undefined;

  constructor(err: Omit<ErrFrame, "t" | "r">) {
    const { code, name, why, ms } = err;
    super(code, `${name}: ${why ?? code}`, { retryable: ms !== undefined });
    Object.assign(this, err, { retryAfterMs: ms });
  }
}

/**
 * Causes the client itself reports.
 * `option-invalid`: an option is out of its range · `closed`: the client is closed · `backpressure`: a queue is full ·
 * `timeout`: no answer in time · `aborted`: by the given signal, or no longer wanted · `unknown-outcome`: sent, and whether
 * it was carried out cannot be known any more · `user-changed`: a new token named another user before this was sent ·
 * `not-echoed`: there is no subscription to see it in, or that ended or jumped over it; see `outcome`.
 */
export type LocalCode =
  | "option-invalid"
  | "closed"
  | "backpressure"
  | "timeout"
  | "aborted"
  | "unknown-outcome"
  | "user-changed"
  | "not-echoed";

export class LocalError extends CodedError<LocalCode> {
  /** `none`: the server never carried it out. `unknown`: it was sent and may have been. `done`: it was. */
  declare readonly outcome: "none" | "unknown" | "done";

  constructor(code: LocalCode, message: string, outcome: LocalError["outcome"] = "none") {
    super(code, message);
    Object.assign(this, { name: "LocalError", outcome });
  }
}

/** How long to wait before the same frame may be sent again; undefined: never. The class of the code decides. */
export function retryMsOf({ code, ms }: { readonly code: number; readonly ms?: number }): number | undefined {
  if (code < 200) return ms ?? (code === 104 ? 0 : 1_000);
  return code === 307 || code >= 400 ? ms : undefined;
}
