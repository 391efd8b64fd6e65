// A fresh token on a running connection: the same user goes on, another one does not.

import type { AuthFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Session } from "../session/session.ts";

export function authenticate(session: Session, frame: AuthFrame): void {
  void session.requests.counted(async () => {
    try {
      await renew(session, frame);
    } catch (error) {
      session.refuseThrown(frame.r, error);
    }
  });
}

async function renew(session: Session, { r, k }: AuthFrame): Promise<void> {
  const result = await session.node.authenticator.authenticate(k, session.peer);
  if (!session.isOpen) return;
  if (result.is === "refused") {
    const codes = { required: "tokenRequired", invalid: "tokenInvalid", expired: "tokenExpired" } as const;
    throw new HubError(codes[result.why], `token ${result.why}`);
  }
  const { identity } = result;
  if (identity.userId !== session.actor.userId) {
    session.refuse(r, "userChanged", { why: "the token names another user" });
    return session.bye("unauthorised", "the token names another user");
  }
  const claimsChanged = rightsOf(identity.claims) !== rightsOf(session.actor.claims);
  session.renewed(identity);
  session.ok(r, identity.expiresAtMs === undefined ? {} : { exp: Math.floor(identity.expiresAtMs / 1_000) });
  if (claimsChanged) await reauthorize(session);
}

/** Claims about the token itself (RFC 7519 §4.1.4–7) differ in every renewal and give nobody a right. */
const aboutToken = new Set(["exp", "nbf", "iat", "jti"]);

const rightsOf = (claims: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(claims).filter(([name]) => !aboutToken.has(name)));

/** Other claims, other rights: what is no longer allowed ends now. */
async function reauthorize(session: Session): Promise<void> {
  await Promise.all(
    session.subscriptions.all().map(async (subscription) => {
      if (subscription.isImplicit) return;
      const { policy } = subscription.channel;
      const actions = subscription.cursor.withPresence
        ? (["subscribe", "presence"] as const)
        : (["subscribe"] as const);
      const isAllowed = await session.may(policy, actions).catch(() => false);
      const isStill = session.subscriptions.get(subscription.wireName) === subscription;
      if (!isAllowed && isStill && session.isOpen)
        session.endSubscription(subscription, "forbidden", "no longer allowed");
    }),
  );
}
