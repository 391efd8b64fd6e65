// A fresh token on a running connection: the same user goes on, another one does not.

import { within } from "@heddle/base";
import { wireLimits, type AuthFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Action, ChannelPolicy } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import type { Subscription } from "../session/subscriptions.ts";

export function authenticate(session: Session, frame: AuthFrame): void {
  if (session.renewalCount >= wireLimits.renewalCount) {
    const why = `${wireLimits.renewalCount} tokens are being checked`;
    return session.refuse(frame.r, "overloaded", { why, ms: 1_000 });
  }
  session.renewalCount++;
  session.renewals.run("", async () => {
    try {
      await renew(session, frame);
    } catch (error) {
      session.refuseThrown(frame.r, error);
    } finally {
      session.renewalCount--;
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
  const revocation = session.node.revocations.covering(identity, session.id);
  if (revocation !== undefined) throw new HubError("revoked", revocation.why);
  const claimsChanged = rightsOf(identity.claims) !== rightsOf(session.actor.claims);
  session.renewed(identity);
  session.ok(r, identity.expiresAtMs === undefined ? {} : { exp: Math.floor(identity.expiresAtMs / 1_000) });
  // Not waited for: the next token need not wait for what this one no longer allows.
  if (claimsChanged) void reauthorize(session);
}

/** Claims about the token itself (RFC 7519 §4.1.4–7) differ in every renewal and give nobody a right. */
const aboutToken = new Set(["exp", "nbf", "iat", "jti"]);

const rightsOf = (claims: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(claims).filter(([name]) => !aboutToken.has(name)));

/** Other claims, other rights: what is no longer allowed ends now. */
async function reauthorize(session: Session): Promise<void> {
  const { subscriptions, memberships } = session;
  await Promise.all([
    ...subscriptions.all().map((subscription) => reauthorizeSubscription(session, subscription)),
    ...memberships.all().map(async (channel) => {
      const rights = await rightsInTime(session, channel.policy, ["presence.enter"]);
      if (rights !== "allowed" && session.isOpen) memberships.leave(channel, session.actor);
    }),
  ]);
}

async function reauthorizeSubscription(session: Session, subscription: Subscription): Promise<void> {
  if (subscription.isImplicit) return;
  const { policy } = subscription.channel;
  const rights = await rightsInTime(
    session,
    policy,
    subscription.cursor.withPresence ? ["subscribe", "presence"] : ["subscribe"],
  );
  const isStill = session.subscriptions.get(subscription.wireName) === subscription;
  if (rights === "allowed" || !isStill || !session.isOpen) return;
  if (rights === "refused") return session.endSubscription(subscription, "forbidden", "no longer allowed");
  // Nobody knows: the client may ask again, and is authorised like anybody who subscribes.
  session.endSubscription(subscription, "overloaded", "it cannot be told whether this is still allowed", 1_000);
}

/** `unknown`: the application failed to say, or did not in time. */
function rightsInTime(
  session: Session,
  policy: ChannelPolicy,
  actions: readonly Action[],
): Promise<"allowed" | "refused" | "unknown"> {
  const asked = session.may(policy, actions).then(
    (isAllowed) => (isAllowed ? "allowed" : "refused"),
    () => "unknown" as const,
  );
  return within(session.node.clock, wireLimits.reauthorizeMs, asked, () => "unknown" as const);
}
