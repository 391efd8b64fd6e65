// Members of a channel: entering, leaving, and who is there.

import { isChannelName, isServerName, wireLimits, type PresenceFrame } from "@heddle/protocol";
import { asHubError } from "../channel/publisher.ts";
import { HubError } from "../hub-error.ts";
import type { ChannelPolicy } from "../ports/index.ts";
import type { Presence } from "../presence/presence.ts";
import { inTime } from "../session/in-time.ts";
import type { Node } from "../session/node.ts";
import type { Session } from "../session/session.ts";
import { hasRequestRoom } from "./admit.ts";
import { underRights } from "./rights.ts";

export function presence(session: Session, frame: PresenceFrame): void {
  const { r, ch } = frame;
  if (!hasRequestRoom(session, r)) return;
  const policy = isChannelName(ch) && !isServerName(ch) ? session.node.application.channel(ch) : undefined;
  if (policy === undefined) return session.refuse(r, "unknownName", { why: `${ch.slice(0, 80)}: no such channel` });
  if (!policy.hasPresence) return session.refuse(r, "badRequest", { why: `${ch} has no presence` });
  const ms = frame.op === "list" ? 0 : session.memberships.pay(session.node.clock.monotonicMs());
  if (ms > 0) {
    session.node.counters.rateRefusals++;
    return session.refuse(r, "rateLimited", { why: `${ch}: presence changes more often than is told`, ms });
  }
  session.memberships.order.run(ch, () =>
    session.requests.counted(async () => {
      try {
        await carryOut(session, policy, frame);
      } catch (error) {
        session.refuseThrown(r, error);
      }
    }),
  );
}

async function carryOut(session: Session, policy: ChannelPolicy, frame: PresenceFrame): Promise<void> {
  switch (frame.op) {
    case "enter":
      return enter(session, policy, frame);
    case "leave":
      return leave(session, policy, frame);
    case "list":
      return list(session, policy, frame);
    default:
      throw new HubError("badRequest", `presence.op: ${frame.op.slice(0, 40)} given, list, enter or leave wanted`);
  }
}

async function enter(session: Session, policy: ChannelPolicy, { r, ch, ver, d }: PresenceFrame): Promise<void> {
  if (ver === undefined || ver < 1) throw new HubError("badRequest", "presence.ver: enter needs a number from 1");
  const prepared = await underRights(session, async () => {
    if (!(await session.may(policy, ["presence.enter"])))
      throw new HubError("forbidden", `${ch}: presence.enter not allowed`);
    return inTime(session, `${ch}: the member's schema`, () => policy.prepareMember(d, session.actor));
  });
  if (prepared.is === "refused") throw new HubError("refused", prepared.why, { issues: prepared.issues });
  if (prepared.json.length > wireLimits.presenceDataBytes) {
    throw new HubError(
      "tooLarge",
      `presence.d: ${prepared.json.length} bytes given, at most ${wireLimits.presenceDataBytes} are kept`,
    );
  }
  if (!session.isOpen) return;
  const channel = session.node.channels.acquire(ch, policy);
  try {
    session.memberships.enter(channel, session.actor, ver, JSON.parse(prepared.json) as unknown);
  } finally {
    session.node.channels.release(channel);
  }
  session.ok(r);
}

/** Also of a channel this node knows nothing of: the client may have entered on another one. */
async function leave(session: Session, policy: ChannelPolicy, { r, ch, ver }: PresenceFrame): Promise<void> {
  if (!session.isOpen) return;
  const channel = session.node.channels.acquire(ch, policy);
  session.memberships.leave(channel, session.actor, ver);
  session.node.channels.release(channel);
  session.ok(r);
}

async function list(session: Session, policy: ChannelPolicy, { r, ch, limit, after }: PresenceFrame): Promise<void> {
  if (!(await session.may(policy, ["presence"]))) throw new HubError("forbidden", `${ch}: presence not allowed`);
  const most = Math.min(Math.max(limit ?? 100, 1), wireLimits.presenceListCount);
  const page = await withMembers(session.node, ch, policy, (presence) => ({
    ...presence.page(after, most),
    count: presence.count,
  }));
  session.ok(r, { d: { list: page.list, n: page.count, more: page.isMore ? 1 : 0 } });
}

/** Looks at a channel's members when all nodes have said who they host. @throws {HubError} */
export async function withMembers<T>(
  node: Node,
  ch: string,
  policy: ChannelPolicy,
  look: (presence: Presence) => T,
): Promise<T> {
  const channel = node.channels.acquire(ch, policy);
  try {
    await channel.presence.ready(node.limits.attachMs);
    return look(channel.presence);
  } catch (error) {
    throw asHubError(error);
  } finally {
    node.channels.release(channel);
  }
}
