// Who somebody is: the shapes an application answers with, and what the hub makes of them.

import { messageOf, OptionError, type Clock } from "@heddle/base";
import { isUserId } from "@heddle/protocol";
import type { Authenticated, Authenticator, Identity, Peer } from "@heddle/hub/ports";
import type { Logger } from "../logger.ts";

/** Somebody whose token is good. */
export interface Accepted {
  /** User id: 1 to about 240 bytes percent-encoded. Absent: an anonymous session. */
  readonly user?: string | undefined;
  /** What else the token says; handlers see it. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Wall clock, ms, at which a fresh token is due. Absent: the session does not expire. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * Decides about a token; `null` refuses it. A client that sent none comes with `undefined`. A throw means "cannot be
 * decided now": the client comes back a second later.
 */
export type AuthFunction = (token: string | undefined, peer: Peer) => Accepted | null | Promise<Accepted | null>;

export interface AuthEnv {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A way to decide about tokens that needs the server's clock: `jwt(…)`, `dangerouslyAllowAnonymous(…)`. */
export interface AuthScheme {
  /** Whether sessions without a user may use channels that do not `authorize`. */
  readonly opensChannelsToAnonymous: boolean;
  open(env: AuthEnv): Authenticator;
}

export type Auth = AuthFunction | AuthScheme;

/** @throws {OptionError} when there is none: a server that lets everybody in must say so */
export function resolveAuth(auth: Auth): AuthScheme {
  if (typeof auth === "function") {
    return { opensChannelsToAnonymous: false, open: (env) => fromFunction(auth, env) };
  }
  if (typeof auth !== "object" || auth === null || typeof auth.open !== "function") {
    throw new OptionError("auth", auth, "jwt(…), a function, or dangerouslyAllowAnonymous()");
  }
  return auth;
}

/**
 * Lets everybody in who brings no token, as an anonymous session that may use every channel without `authorize` of its
 * own. For demonstrations, and for sites whose channels are public.
 *
 * @param orElse  decides about clients that do bring a token; without it such a token is refused
 */
export function dangerouslyAllowAnonymous(orElse?: Auth): AuthScheme {
  const inner = orElse === undefined ? undefined : resolveAuth(orElse);
  return {
    opensChannelsToAnonymous: true,
    open: (env) => {
      const authenticator = inner?.open(env);
      return {
        async authenticate(token, peer) {
          if (token === undefined || token === "")
            return accepted({ userId: undefined, claims: {}, expiresAtMs: undefined });
          return authenticator === undefined ? refused("invalid") : authenticator.authenticate(token, peer);
        },
      };
    },
  };
}

const accepted = (identity: Identity): Authenticated => ({ is: "accepted", identity });
const refused = (why: "required" | "invalid" | "expired"): Authenticated => ({ is: "refused", why });

function fromFunction(decide: AuthFunction, { clock, logger }: AuthEnv): Authenticator {
  return {
    async authenticate(token, peer) {
      let result: Accepted | null;
      try {
        result = await decide(token, peer);
      } catch (error) {
        logger.error({ error, reason: messageOf(error) }, "the auth function threw");
        throw error;
      }
      if (result === null) return refused(token === undefined || token === "" ? "required" : "invalid");
      const { user, claims = {}, expiresAtMs } = result;
      if (user !== undefined && !isUserId(user)) {
        logger.error({ user }, "the auth function gave a user id that is empty, too long or no string");
        return refused("invalid");
      }
      if (expiresAtMs !== undefined && !(expiresAtMs > clock.wallMs())) return refused("expired");
      return accepted({ userId: user, claims, expiresAtMs });
    },
  };
}
