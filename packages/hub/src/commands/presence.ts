// Members of a channel: entering, leaving, and who is there.

import { isChannelName, isServerName, wireLimits, type PresenceFrame } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { ChannelPolicy } from "../ports/index.ts";
import { inTime } from "../session/in-time.ts";
import type { Session } from "../session/session.ts";
import { hasRequestRoom } from "./admit.ts";
import { underRights } from "./rights.ts";

export function presence(session: Session, frame: PresenceFrame): void {
  const { r, ch } = frame;
  if (!hasRequestRoom(session, r)) return;
  const policy = isChannelName(ch) && !isServerName(ch) ? session.node.application.channel(ch) : undefined;
  if (policy === undefined) return session.refuse(r, "unknownName", { why: `${ch.slice(0, 80)}: no such channel` });
  if (!policy.hasPresence) return session.refuse(r, "badRequest", { why: `${ch} has no presence` });
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
      return leave(session, frame);
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
    return inTime(session.node, `${ch}: the member's schema`, policy.prepareMember(d, session.actor));
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
  session.memberships.enter(channel, session.actor, ver, JSON.parse(prepared.json) as unknown);
  session.node.channels.release(channel);
  session.ok(r);
}

async function leave(session: Session, { r, ch }: PresenceFrame): Promise<void> {
  const channel = session.node.channels.held(ch);
  if (channel !== undefined && session.isOpen) session.memberships.leave(channel, session.actor);
  session.ok(r);
}

async function list(session: Session, policy: ChannelPolicy, { r, ch, limit, after }: PresenceFrame): Promise<void> {
  if (!(await session.may(policy, ["presence"]))) throw new HubError("forbidden", `${ch}: presence not allowed`);
  const members = [...(session.node.channels.held(ch)?.presence.members ?? [])].sort((a, b) => (a.x < b.x ? -1 : 1));
  const behind = after === undefined ? members : members.filter(({ x }) => x > after);
  const page = behind.slice(0, Math.min(Math.max(limit ?? 100, 1), wireLimits.presenceListCount));
  session.ok(r, { d: { list: page, n: members.length, more: page.length < behind.length ? 1 : 0 } });
}
