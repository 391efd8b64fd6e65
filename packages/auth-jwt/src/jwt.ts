// JSON Web Tokens (RFC 7519) as credentials: verified by jose, remembered for a minute, mapped to a user.

import { createHash } from "node:crypto";
import { expectInteger, expectRange, messageOf, type Clock } from "@heddle/base";
import type { Authenticated, Authenticator, Identity } from "@heddle/hub/ports";
import { isUserId } from "@heddle/protocol";
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import { JwtError } from "./jwt-error.ts";
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
  /**
   * Longest life of a token, from `iat` to `exp`. Seconds, 60…31_536_000, default 604_800 (a week). A revocation is kept
   * for that long; to accept longer ones, raise the server's `limits.revocationKeepMs` as well.
   */
  readonly lifeMaxS?: number;
}

/** What a server gives a scheme to work with. */
export interface JwtEnv {
  readonly clock: Clock;
  readonly logger: {
    debug(details: object, message: string): void;
    error(details: object, message: string): void;
  };
}

/** The option `auth` of a server. */
export interface JwtScheme {
  readonly opensChannelsToAnonymous: false;
  open(env: JwtEnv): Authenticator;
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
export function jwt(options: JwtOptions): JwtScheme {
  const { issuer, audience, clockToleranceS = 5, user = "sub", lifeMaxS = 604_800 } = options;
  expectRange("jwt.clockToleranceS", clockToleranceS, 0, 300);
  expectInteger("jwt.lifeMaxS", lifeMaxS, 60, 31_536_000);
  const { keyWith, algorithms } = resolveKey(options);
  const verification: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: clockToleranceS,
    requiredClaims: ["exp", "iat", user],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  return {
    opensChannelsToAnonymous: false,
    open: (env) => {
      const key = keyWith(env.clock);
      const verify = async (token: string, wallMs: number): Promise<JWTPayload> => {
        const { payload } = await jwtVerify(token, key, { ...verification, currentDate: new Date(wallMs) });
        return payload;
      };
      return new JwtAuthenticator(
        verify,
        { user, toleranceMs: clockToleranceS * 1_000, lifeMaxMs: lifeMaxS * 1_000 },
        env,
      );
    },
  };
}

interface Rules {
  /** Claim with the user id. */
  readonly user: string;
  readonly toleranceMs: number;
  readonly lifeMaxMs: number;
}

class JwtAuthenticator implements Authenticator {
  readonly #verify: (token: string, wallMs: number) => Promise<JWTPayload>;
  readonly #rules: Rules;
  readonly #clock: Clock;
  readonly #logger: JwtEnv["logger"];
  readonly #cache: TokenCache;

  constructor(verify: (token: string, wallMs: number) => Promise<JWTPayload>, rules: Rules, { clock, logger }: JwtEnv) {
    this.#verify = verify;
    this.#rules = rules;
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
      const isOver = (known.expiresAtMs as number) + this.#rules.toleranceMs <= this.#clock.wallMs();
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
      this.#logger.error(
        { error, code: error instanceof JwtError ? error.code : code, reason: messageOf(error) },
        "tokens cannot be verified: key or key set unusable",
      );
      throw error;
    }
    const { user: userClaim, toleranceMs, lifeMaxMs } = this.#rules;
    const user = claims[userClaim];
    if (!isUserId(user)) return this.#refuse("invalid", `claim ${userClaim} is no user id`);
    // jose has checked that both are numbers, and here that they are there.
    const [issuedMs, expiresMs] = [(claims.iat as number) * 1_000, (claims.exp as number) * 1_000];
    // It would outlive the revocation that takes it back.
    if (expiresMs - issuedMs > lifeMaxMs) return this.#refuse("invalid", `lives longer than ${lifeMaxMs / 1_000} s`);
    // It would be newer than a revocation that is yet to come.
    if (issuedMs > this.#clock.wallMs() + toleranceMs) return this.#refuse("invalid", "issued in the future");
    // One object for all connections with this token: no handler may write into it.
    const identity = { userId: user, claims: Object.freeze(claims), expiresAtMs: expiresMs };
    this.#cache.set(hash, identity);
    return accepted(identity);
  }

  #refuse(why: "invalid" | "expired", reason: string): Authenticated {
    this.#logger.debug({ reason }, "token refused");
    return refused(why);
  }
}

const accepted = (identity: Identity): Authenticated => ({ is: "accepted", identity });
const refused = (why: "required" | "invalid" | "expired"): Authenticated => ({ is: "refused", why });
