// Publishing on behalf of a client: checked and hooked in parallel, appended in the order of arrival, answered once.

import { base64Decode } from "@heddle/base";
import {
  fromWirePos,
  isChannelName,
  isNameWithin,
  isServerName,
  toWirePos,
  wireLimits,
  type PubFrame,
} from "@heddle/protocol";
import { hashedBytes, type Origin, type Publication } from "../channel/publisher.ts";
import { HubError } from "../hub-error.ts";
import type { Appended, ChannelPolicy } from "../ports/index.ts";
import { producerIdentity } from "../session/identity.ts";
import { inTime } from "../session/in-time.ts";
import type { Session } from "../session/session.ts";
import { acceptedBefore } from "./repetition.ts";

/** A publish as it came, and its payload: `d`, or what `b` stands for. */
interface Given {
  readonly frame: PubFrame;
  readonly value: unknown;
}

export function publish(session: Session, frame: PubFrame): void {
  const { ch, r } = frame;
  const policy = isChannelName(ch) && !isServerName(ch) ? session.node.application.channel(ch) : undefined;
  if (policy === undefined) return session.refuse(r, "unknownName", { why: `${ch.slice(0, 80)}: no such channel` });
  const event = frame.e ?? "";
  const kind = policy.event(event);
  if (kind === undefined)
    return session.refuse(r, "unknownName", { why: `${ch}: no event ${JSON.stringify(event.slice(0, 64))}` });
  const given = { frame, value: frame.b === undefined ? frame.d : base64Decode(frame.b) };
  const problem = problemOf(given, kind);
  if (problem !== undefined) {
    return r === undefined ? session.bye("malformed", problem) : session.refuse(r, "badRequest", { why: problem });
  }
  const waitMs = session.node.channelRates.refusalMs(ch, session.node.clock.monotonicMs());
  if (waitMs > 0) {
    session.node.counters.rateRefusals++;
    return session.refuse(r, "rateLimited", { why: `${ch}: more than a channel takes`, ms: waitMs });
  }
  if (kind === "volatile") return void publishVolatile(session, policy, given);
  if (session.requests.publishCount >= wireLimits.publishWindowCount) {
    return session.refuse(r, "overloaded", { why: `${wireLimits.publishWindowCount} publishes are open`, ms: 100 });
  }
  const { refusalMs: ms } = session.node.admission;
  if (ms !== undefined) {
    session.node.counters.admissionRefusals++;
    return session.refuse(r, "overloaded", { why: "the store answers late", ms });
  }
  session.requests.publishBegun();
  const prepared = prepare(session, policy, given);
  prepared.catch(() => undefined); // answered in its turn
  const { authVersion } = session;
  session.publishOrder.run(ch, () => appendInTurn(session, policy, given, authVersion, prepared));
}

/** Resolves when the next publish of this channel may be appended: the engine keeps order, or one is under way at a time. */
async function appendInTurn(
  session: Session,
  policy: ChannelPolicy,
  given: Given,
  authVersion: number,
  prepared: Promise<Publication>,
): Promise<void> {
  const { frame } = given;
  // Who subscribes and publishes in one breath sees its own message: the subscription asked for first begins first.
  await session.subscriptions.order.settled(frame.ch);
  const publication = await underSameRights(session, policy, frame, authVersion, prepared).catch((error: unknown) =>
    refuseUnlessRepeated(session, policy, given, error),
  );
  if (publication === undefined) return session.requests.publishDone();
  const answered = append(session, policy, given, publication)
    .then((appended) => {
      accepted(session, frame, appended);
      answer(session, frame, appended);
    })
    .catch((error: unknown) => session.refuseThrown(frame.r, error))
    .finally(() => session.requests.publishDone());
  if (session.node.engine.traits.producer !== "append") await answered;
}

async function refuseUnlessRepeated(
  session: Session,
  policy: ChannelPolicy,
  given: Given,
  refusal: unknown,
): Promise<void> {
  const { frame } = given;
  if (!session.isOpen) return;
  try {
    const before = await acceptedBefore(session, frame.ch, policy, originOf(session, given));
    if (before === undefined) session.refuseThrown(frame.r, refusal);
    else answer(session, frame, before);
  } catch (error) {
    session.refuseThrown(frame.r, error);
  }
}

/**
 * An engine that knows no producers would take a publish behind a lost one. The nearest earlier publish without an answer
 * came before it on this connection, so this connection remembers what was accepted: the publishes under way at once.
 */
function isBehindLost({ node, acceptedPublishes }: Session, { ch, pid, pn = 0 }: PubFrame): boolean {
  return node.engine.traits.producer === "none" && pn > (acceptedPublishes?.get(orderKey(ch, pid)) ?? 0);
}

function accepted(session: Session, { ch, pid, n }: PubFrame, { s }: Appended): void {
  if (session.node.engine.traits.producer !== "none" || (s !== "new" && s !== "dup")) return;
  const latest = (session.acceptedPublishes ??= new Map<string, number>());
  const key = orderKey(ch, pid);
  const before = latest.get(key) ?? 0;
  latest.delete(key);
  latest.set(key, Math.max(before, n as number));
  if (latest.size <= wireLimits.publishWindowCount) return;
  const [oldest] = latest.keys();
  latest.delete(oldest as string);
}

const orderKey = (ch: string, pid = ""): string => `${pid} ${ch}`;

/** W3C Trace Context §3.2: version, trace id, parent id, flags. */
const traceparentShape = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function problemOf({ frame, value }: Given, kind: "durable" | "volatile"): string | undefined {
  if (frame.b !== undefined && (frame.d !== undefined || value === undefined))
    return "pub.b: base64 wanted, and no d beside it";
  if (frame.key !== undefined && !isNameWithin(frame.key, wireLimits.keyBytes))
    return `pub.key: 1 to ${wireLimits.keyBytes} bytes wanted`;
  if (frame.tp !== undefined && !traceparentShape.test(frame.tp)) return "pub.tp: a W3C traceparent wanted";
  if (kind === "volatile") return frame.n === undefined ? undefined : "pub.n: a volatile event has none";
  if (frame.r === undefined) return "pub.r: a durable event needs it";
  if (frame.n === undefined || frame.n < 1) return "pub.n: a durable event needs a number from 1";
  if ((frame.pn ?? 0) < 0 || (frame.pn ?? 0) >= frame.n) return "pub.pn: 0 to n−1 wanted";
  if (frame.ex?.[2] === 0) return "pub.ex: a position with tag 0 is never given out";
  return undefined;
}

/** What was prepared, once the rights in force allow it: the hook may do something, so it is not run again. @throws {HubError} */
async function underSameRights(
  session: Session,
  policy: ChannelPolicy,
  frame: PubFrame,
  authVersion: number,
  prepared: Promise<Publication>,
): Promise<Publication> {
  const publication = await prepared;
  for (let version = authVersion; version !== session.authVersion;) {
    version = session.authVersion;
    await mayPublish(session, policy, frame);
  }
  return publication;
}

/** @throws {HubError} `forbidden` */
async function mayPublish(session: Session, policy: ChannelPolicy, { ch }: PubFrame): Promise<void> {
  if (!(await session.may(policy, ["publish"]))) throw new HubError("forbidden", `${ch}: publish not allowed`);
}

/** Authorises, validates and hooks. What comes back is what is stored. @throws {HubError} */
async function prepare(session: Session, policy: ChannelPolicy, { frame, value }: Given): Promise<Publication> {
  await mayPublish(session, policy, frame);
  const event = frame.e ?? "";
  const prepared = await inTime(session, `${frame.ch}: the hook`, (stop) =>
    policy.prepare(event, value, session.actor, stop),
  );
  if (prepared.is === "refused") throw new HubError("refused", prepared.why, { issues: prepared.issues });
  const key = prepared.key ?? frame.key; // what the application says an event is about, nobody else says
  return {
    ...(prepared.bytes === undefined ? { json: prepared.json } : { bytes: prepared.bytes }),
    event,
    ...(key === undefined ? {} : { key }),
    ...(frame.tp === undefined ? {} : { traceparent: frame.tp }),
  };
}

async function append(
  session: Session,
  policy: ChannelPolicy,
  given: Given,
  publication: Publication,
): Promise<Appended> {
  const { node } = session;
  const { frame } = given;
  if (frame.ex !== undefined && !node.engine.traits.cas)
    throw new HubError("badRequest", "pub.ex: this engine cannot compare positions");
  if (isBehindLost(session, frame)) return { s: "outOfOrder" };
  const origin = originOf(session, given);
  return node.admission.run(() => node.publisher.append(frame.ch, policy.keep, publication, origin));
}

/** Who publishes this, and how it is recognised when it comes again. */
function originOf({ node, actor, owner }: Session, { frame, value }: Given): Origin {
  const n = frame.n as number;
  // Items left in a durable outbox by an earlier run carry that run's pid.
  const x = frame.pid === undefined ? actor.x : producerIdentity(node, owner, frame.pid);
  const content = value instanceof Uint8Array ? hashedBytes(value) : (JSON.stringify(frame.d) ?? "");
  const hash = node.publisher.contentHash(frame.e ?? "", frame.key ?? "", content);
  return {
    id: `${x}:${n}`,
    user: actor.userId ?? "",
    dedup: { by: "producer", x, n, prev: frame.pn ?? 0, hash },
    ...(frame.ex === undefined ? {} : { expect: fromWirePos(frame.ex) }),
  };
}

function answer(session: Session, { r, pn }: PubFrame, appended: Appended): void {
  if (r === undefined) return;
  switch (appended.s) {
    case "new":
      return session.ok(r, { p: toWirePos(appended.pos) });
    case "dup":
      return session.ok(r, { dup: 1, ...(appended.pos === undefined ? {} : { p: toWirePos(appended.pos) }) });
    case "conflict":
      return session.refuse(r, "conflict", { head: toWirePos(appended.head) });
    case "outOfOrder":
      return session.refuse(r, "outOfOrder", { why: `publish ${pn} of this channel has not arrived`, ms: 250 });
    case "idReused":
      return session.refuse(r, "idReused", { why: "this number was used for other content" });
  }
}

async function publishVolatile(session: Session, policy: ChannelPolicy, given: Given): Promise<void> {
  const { frame } = given;
  try {
    const { authVersion } = session;
    const publication = await underSameRights(session, policy, frame, authVersion, prepare(session, policy, given));
    session.node.publisher.publishVolatile(frame.ch, publication, session.actor.userId);
    if (frame.r !== undefined) session.ok(frame.r);
  } catch (error) {
    session.refuseThrown(frame.r, error);
  }
}
