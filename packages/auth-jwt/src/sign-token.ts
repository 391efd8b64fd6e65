// Tokens for applications that have no issuer of their own: HS256 with a shared secret.

import { expectInteger, OptionError, type Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import { isUserId } from "@heddle/protocol";
import { SignJWT } from "jose";
import { secretKey } from "./jwt-key.ts";

export interface SignTokenOptions {
  /** At least 32 bytes (as UTF-8 when text); the `secret` of `jwt(…)`. */
  readonly secret: string | Uint8Array;
  /** User id, the token's `sub`. */
  readonly user: string;
  /**
   * Life of the token. Seconds, 1…2_592_000, default 3_600; beyond a week it needs a `lifeMaxS` of `jwt` as long. The client is
   * asked for a fresh one before it ends.
   */
  readonly expiresInS?: number;
  /** Further claims; `sub`, `iat` and `exp` are set here. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
}

/** A token that `jwt({ secret })` accepts. @throws {OptionError} naming the option */
export async function signToken(options: SignTokenOptions): Promise<string> {
  const { secret, user, expiresInS = 3_600, claims = {}, clock = systemClock() } = options;
  const key = secretKey("signToken.secret", secret);
  if (!isUserId(user)) throw new OptionError("signToken.user", user, "a text that fits into a channel's name");
  expectInteger("signToken.expiresInS", expiresInS, 1, 2_592_000);
  const nowS = Math.floor(clock.wallMs() / 1_000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(user)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + expiresInS)
    .sign(key);
}
