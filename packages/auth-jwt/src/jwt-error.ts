// Why a token could not be decided about. Bad tokens are outcomes, not errors: they are refused.

import { CodedError } from "@heddle/base";

/** `keys-unreachable`: the issuer's key set cannot be had now; `keys-malformed`: what came is none. Clients come back later. */
export class JwtError extends CodedError<"keys-unreachable" | "keys-malformed"> {
  static unreachable(url: string, why: string, cause?: unknown): JwtError {
    return new JwtError("keys-unreachable", `${url}: ${why}`, { retryable: true, cause });
  }

  static malformed(url: string, why: string): JwtError {
    return new JwtError("keys-malformed", `${url}: ${why}`, { retryable: true });
  }
}
