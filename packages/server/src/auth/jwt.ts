// JSON Web Tokens (RFC 7519) as credentials: verified by jose, remembered for a minute, mapped to a user.

import { createHash } from "node:crypto";
import { expectRange, messageOf, type Clock } from "@heddle/base";
import type { Authenticated, Authenticator } from "@heddle/hub/ports";
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import { accepted, isUserId, refused, type AuthEnv, type AuthScheme } from "./auth.ts";
import { resolveKey, type JwtKeyOptions } from "./jwt-key.ts";
import { TokenCache } from "./token-cache.ts";

export interface JwtOptions extends JwtKeyOptions {
  /** Wanted `iss`. Default: not looked at. */
  readonly issuer?: string | string[];
  /** Wanted `aud`. Default: not looked at. */
  readonly audience?: string | string[];
  /** How far the issuer's clock may be off. Seconds, 0…300, default 5. */
  readonly clockToleranceS?: number;
  /** Claim that holds the user id. Default `sub`. */
  readonly user?: string;
}

/** Longest token looked at. UTF-16 units. */
const tokenLengthMax = 16_384;

/** jose's codes for "this token is not good"; any other failure says nothing about the token. */
const invalidCodes: ReadonlySet<string> = new Set([
  "ERR_JWT_CLAIM_VALIDATION_FAILED",
  "ERR_JWT_INVALID",
  "ERR_JWS_INVALID",
  "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
  "ERR_JOSE_ALG_NOT_ALLOWED",
  "ERR_JOSE_NOT_SUPPORTED",
  "ERR_JWKS_NO_MATCHING_KEY",
  "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
]);

/**
 * Accepts JSON Web Tokens that are signed with the given key, not expired, and name a user. A token without `exp` is
 * refused: its session would never end. Clients without a token are refused.
 *
 * @throws {OptionError} naming the option
 */
export function jwt(options: JwtOptions): AuthScheme {
  const { issuer, audience, clockToleranceS = 5, user = "sub" } = options;
  expectRange("jwt.clockToleranceS", clockToleranceS, 0, 300);
  const { key, algorithms } = resolveKey(options);
  const verification: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: clockToleranceS,
    requiredClaims: ["exp", user],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  // Both forms of a key are taken, by two signatures of one function.
  const verify = async (token: string, wallMs: number): Promise<JWTPayload> => {
    const settled = { ...verification, currentDate: new Date(wallMs) };
    const verified =
      typeof key === "function"
        ? await jwtVerify(token, key satisfies JWTVerifyGetKey, settled)
        : await jwtVerify(token, key, settled);
    return verified.payload;
  };
  return {
    opensChannelsToAnonymous: false,
    open: (env) => new JwtAuthenticator(verify, user, clockToleranceS * 1_000, env),
  };
}

class JwtAuthenticator implements Authenticator {
  readonly #verify: (token: string, wallMs: number) => Promise<JWTPayload>;
  readonly #userClaim: string;
  readonly #toleranceMs: number;
  readonly #clock: Clock;
  readonly #logger: AuthEnv["logger"];
  readonly #cache: TokenCache;

  constructor(
    verify: (token: string, wallMs: number) => Promise<JWTPayload>,
    userClaim: string,
    toleranceMs: number,
    { clock, logger }: AuthEnv,
  ) {
    this.#verify = verify;
    this.#userClaim = userClaim;
    this.#toleranceMs = toleranceMs;
    this.#clock = clock;
    this.#logger = logger;
    this.#cache = new TokenCache(clock);
  }

  async authenticate(token: string | undefined): Promise<Authenticated> {
    if (token === undefined || token === "") return refused("required");
    if (token.length > tokenLengthMax)
      return this.#refuse("invalid", `${token.length} long, at most ${tokenLengthMax}`);
    const hash = createHash("sha256").update(token).digest("base64url");
    const known = this.#cache.get(hash);
    if (known !== undefined) {
      const isOver = (known.expiresAtMs as number) + this.#toleranceMs <= this.#clock.wallMs();
      return isOver ? this.#refuse("expired", "expired") : accepted(known);
    }
    return this.#examine(token, hash);
  }

  async #examine(token: string, hash: string): Promise<Authenticated> {
    let claims: JWTPayload;
    try {
      claims = await this.#verify(token, this.#clock.wallMs());
    } catch (error) {
      if (error instanceof errors.JWTExpired) return this.#refuse("expired", error.message);
      const code = error instanceof errors.JOSEError ? error.code : "";
      if (invalidCodes.has(code)) return this.#refuse("invalid", messageOf(error));
      this.#logger.error({ error, reason: messageOf(error) }, "tokens cannot be verified: key or key set unusable");
      throw error;
    }
    const user = claims[this.#userClaim];
    if (!isUserId(user)) return this.#refuse("invalid", `claim ${this.#userClaim} is no user id`);
    // One object for all connections with this token: no handler may write into it.
    const identity = { userId: user, claims: Object.freeze(claims), expiresAtMs: (claims.exp as number) * 1_000 };
    this.#cache.set(hash, identity);
    return accepted(identity);
  }

  #refuse(why: "invalid" | "expired", reason: string): Authenticated {
    this.#logger.debug({ reason }, "token refused");
    return refused(why);
  }
}
