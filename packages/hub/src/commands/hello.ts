// The greeting: who is this, which connection does it replace, what does it go on reading.

import { everyoneChannel, ownUserChannel, protocolVersion, type HelloFrame, type SubBody } from "@heddle/protocol";
import type { TransportKind } from "../ports/index.ts";
import { anonymousOwner, newAnonymousTicket, producerIdentity } from "../session/identity.ts";
import { revokedAfterMs } from "../nodes/revocations.ts";
import type { Session } from "../session/session.ts";
import { subscribe, subscribeImplicitly } from "./subscribe.ts";

/** Transports of clients that did not come for everything that is theirs. */
const takesNoNotices: ReadonlySet<TransportKind> = new Set(["frames", "channel"]);
/** Who has no room for another connection asks again after this. Milliseconds. */
const userFullAfterMs = 10_000;
const pidShape = /^[A-Za-z0-9_-]{8,64}$/;

export async function greet(session: Session, hello: HelloFrame): Promise<void> {
  const { node } = session;
  if (hello.v !== protocolVersion) return session.bye("noCommonVersion", `version ${hello.v} is not spoken here`);
  if (!pidShape.test(hello.pid)) return session.bye("malformed", "hello.pid: 8 to 64 characters of base64url wanted");
  if ((hello.subs?.length ?? 0) > node.limits.subscriptionCount) {
    return session.bye(
      "malformed",
      `hello.subs: ${hello.subs?.length} given, at most ${node.limits.subscriptionCount} are taken`,
    );
  }
  if (!node.memory.takesNewcomers) {
    node.counters.memoryCloses++;
    return session.bye("overloaded", "this node is short of memory", { after: 5_000 });
  }
  if (node.isDraining) return session.bye("draining", "this node is going away");
  const refusalMs = node.arrivals.refusalMs(node.reads.waitingCount);
  if (refusalMs !== undefined) {
    node.counters.arrivalRefusals++;
    return session.bye("overloaded", "too many come at once", { after: refusalMs });
  }
  let result;
  try {
    result = await node.authenticator.authenticate(hello.k, session.peer);
  } catch {
    return session.bye("overloaded", "tokens cannot be checked now", { after: outageAfterMs(session) });
  }
  if (session.state !== "authenticating") return;
  if (result.is === "refused") {
    const key = result.why === "expired" ? "tokenExpired" : "tokenRejected";
    return session.bye(key, `token ${result.why}`);
  }
  const { identity } = result;
  const isCurrent = node.revocations.isCurrent || (await node.revocations.whenCurrent());
  if (session.state !== "authenticating") return;
  // From here to the welcome nothing waits: what is revoked later finds this session among the open ones.
  if (!isCurrent)
    return session.bye("overloaded", "it cannot be told now whose tokens were revoked", {
      after: outageAfterMs(session),
    });
  const revocation = node.revocations.covering(identity, session.id);
  if (revocation !== undefined) {
    node.counters.revocations++;
    return session.bye("revoked", revocation.why, { after: revokedAfterMs });
  }
  const keys = { digest: node.digest, clusterSecret: node.clusterSecret };
  const ticket = identity.userId === undefined ? validTicket(session, hello.an) : undefined;
  const owner = identity.userId ?? (anonymousOwner(keys, ticket ?? "") as string);
  const penaltyMs = node.userRates.penaltyMs(owner, node.clock.monotonicMs());
  if (penaltyMs > 0) return session.bye("rateLimited", "this user floods, and was told", { after: penaltyMs });
  if (hello.prev !== undefined) session.move = node.moves.supersede(hello.prev, owner);
  // Behind `supersede`: a connection that is replaced is no second one.
  const { userId } = identity;
  if (userId !== undefined && node.connectionsOf(userId) >= node.limits.userConnections) {
    node.counters.userRefusals++;
    return session.bye("rateLimited", `${node.limits.userConnections} connections of one user are the most`, {
      after: userFullAfterMs,
    });
  }
  session.welcomed(identity, owner, producerIdentity(keys, owner, hello.pid), hello, ticket);
  startSubscriptions(session, hello.subs ?? []);
  session.releaseHeld();
}

/**
 * When whom an outage kept out may come again: 5 to 7.5 s, so that the attempts a client has in a minute last it, and not
 * all come at once.
 */
const outageAfterMs = ({ node }: Session): number => Math.round(5_000 + 2_500 * node.random.float());

/** The anonymous ticket the client brought, or a new one. */
function validTicket(session: Session, given: string | undefined): string {
  const { digest, clusterSecret, random } = session.node;
  const keys = { digest, clusterSecret };
  return given !== undefined && anonymousOwner(keys, given) !== undefined ? given : newAnonymousTicket(keys, random);
}

function startSubscriptions(session: Session, bodies: readonly SubBody[]): void {
  const implicit = new Map<string, SubBody>();
  for (const body of bodies) {
    if (body.ch === ownUserChannel || body.ch === everyoneChannel) implicit.set(body.ch, body);
    else subscribe(session, body);
  }
  if (session.node.application.hasNotices && !takesNoNotices.has(session.peer.transport)) {
    subscribeImplicitly(session, everyoneChannel, implicit.get(everyoneChannel));
    if (session.actor.userId !== undefined) subscribeImplicitly(session, ownUserChannel, implicit.get(ownUserChannel));
  } else {
    for (const { r, ch } of implicit.values())
      session.refuse(r, "unknownName", { why: `${ch}: there are no notices here` });
  }
}
