// Beginning a subscription: may it, from where, and the one `subd` or `err` that answers it.

import { within } from "@heddle/base";
import {
  everyoneChannel,
  isChannelName,
  isServerName,
  modes,
  ownUserChannel,
  toWirePos,
  userChannel,
  type Mode,
  type SubBody,
} from "@heddle/protocol";
import type { Channel } from "../channel/channel.ts";
import { Cursor } from "../channel/cursor.ts";
import { frameOf } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import { EngineError, type Action, type ChannelPolicy } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { underRights } from "./rights.ts";
import { resolveStart, ticketFrom, type ResolvedStart } from "./start.ts";

/** What is subscribed: the name the client uses, the channel behind it, and whether the server gave it. */
interface Target {
  readonly wireName: string;
  readonly channelName: string;
  readonly policy: ChannelPolicy;
  readonly isImplicit: boolean;
}

export function subscribe(session: Session, body: SubBody): void {
  const { ch, r } = body;
  if (!isChannelName(ch) || isServerName(ch))
    return session.refuse(r, "unknownName", { why: `${ch.slice(0, 80)}: no channel can be named so` });
  const policy = session.node.application.channel(ch);
  if (policy === undefined) return session.refuse(r, "unknownName", { why: `${ch}: no such channel` });
  if (body.at instanceof Array && body.at[0] === "pos" && body.at[3] === 0) {
    return session.refuse(r, "badRequest", { why: "sub.at: a position with tag 0 is never given out" });
  }
  const { subscriptions } = session;
  const { subscriptionCount } = session.node.limits;
  if (subscriptions.count >= subscriptionCount) {
    return session.refuse(r, "tooManySubscriptions", { why: `${subscriptionCount} subscriptions are the most` });
  }
  const target = { wireName: ch, channelName: ch, policy, isImplicit: false };
  subscriptions.starting(ch);
  subscriptions.order.run(ch, () => begin(session, target, body));
}

/** `$me` and `$all`: given by the server, at the position the client carries or live. */
export function subscribeImplicitly(session: Session, wireName: string, carried: SubBody | undefined): void {
  const { actor, node, subscriptions } = session;
  const channelName = wireName === ownUserChannel ? userChannel(actor.userId ?? "") : everyoneChannel;
  const target = { wireName, channelName, policy: node.noticePolicy, isImplicit: true };
  const body = carried ?? { ch: wireName, at: "live" as const };
  subscriptions.order.run(wireName, () => begin(session, target, body));
}

/** Everything that can fail happens before the subscription exists; then it exists at once. */
async function begin(
  session: Session,
  target: Target,
  body: Omit<SubBody, "r"> & { readonly r?: number },
): Promise<void> {
  const { node, subscriptions } = session;
  let channel: Channel | undefined;
  try {
    if (!session.isOpen) return;
    if (subscriptions.get(target.wireName) !== undefined) throw new HubError("alreadySubscribed", target.wireName);
    const mode = modeOf(target.policy, body.m);
    const { start, mayReadHistory } = await underRights(session, async () => {
      const mayReadHistory = await rightsOf(session, target, body);
      channel ??= node.channels.acquire(target.channelName, target.policy);
      await attached(session, channel);
      if (mode === "key") await channel.prepareKeys(session.outgoing);
      const start: ResolvedStart = target.policy.isDurable
        ? await resolveStart({ session, channel, body, mode, mayReadHistory })
        : { pos: undefined, rec: "none" };
      return { start, mayReadHistory };
    });
    if (session.isOpen && channel !== undefined)
      establish(session, channel, target, body, { ...start, mode, mayReadHistory });
  } catch (error) {
    session.refuseThrown(body.r, error);
  } finally {
    subscriptions.notStarting(target.wireName);
    if (channel !== undefined) node.channels.release(channel);
  }
}

function modeOf(policy: ChannelPolicy, asked: Mode | undefined): Mode {
  if (!policy.isDurable) return "volatile";
  const mode = asked ?? policy.mode;
  if (modes.indexOf(mode) < modes.indexOf(policy.mode))
    throw new HubError("badRequest", `sub.m: ${mode} asked for, the channel offers ${policy.mode}`);
  return mode;
}

/** Whether history may be read besides. @throws {HubError} `forbidden` */
async function rightsOf(session: Session, target: Target, body: Pick<SubBody, "at" | "pr" | "j">): Promise<boolean> {
  const { policy } = target;
  if (target.isImplicit) return target.wireName === ownUserChannel;
  const needed: Action[] = ["subscribe"];
  if (body.pr === 1) {
    if (!policy.hasPresence) throw new HubError("badRequest", `sub.pr: ${target.wireName} has no presence`);
    needed.push("presence");
  }
  const isResume = body.at instanceof Array && body.at[0] === "pos";
  if (body.at !== "live" && !isResume) needed.push("history");
  if (!(await session.may(policy, needed)))
    throw new HubError("forbidden", `${target.wireName}: ${needed.join(", ")} not allowed`);
  return session.may(policy, ["history"]);
}

/** @throws {EngineError} `unreachable` when the channel is not attached in time */
function attached({ node }: Session, channel: Channel): Promise<void> {
  const { clock, limits } = node;
  return within(clock, limits.attachMs, channel.ready(), () => {
    throw new EngineError("unreachable", `${channel.name}: not attached within ${limits.attachMs} ms`);
  });
}

/** In one step: the cursor exists, `subd` is queued, and whatever comes next is either pushed or caught up with. */
function establish(
  session: Session,
  channel: Channel,
  target: Target,
  body: { readonly r?: number; readonly pr?: 0 | 1 },
  start: ResolvedStart & { readonly mode: Mode; readonly mayReadHistory: boolean },
): void {
  const { outgoing, subscriptions } = session;
  const { isDurable } = target.policy;
  channel.pushHeld();
  const pos = start.pos ?? channel.head;
  const withPresence = body.pr === 1;
  const cursor = new Cursor(channel, outgoing, { pos, mode: start.mode, withPresence });
  const ticket =
    start.ticket ?? (isDurable && !start.mayReadHistory ? ticketFrom(session, target.channelName, pos) : undefined);
  const subd = {
    t: "subd",
    ...(body.r === undefined ? {} : { r: body.r }),
    ch: target.wireName,
    c: channel.alias,
    ...(isDurable ? { p: toWirePos(pos) } : {}),
    m: start.mode,
    rec: start.rec,
    ...(start.gap === undefined ? {} : { gap: start.gap }),
    ...(ticket === undefined || start.mayReadHistory ? {} : { j: ticket }),
  } as const;
  const paste = start.snapshotJson === undefined ? undefined : ({ key: "snap", json: start.snapshotJson } as const);
  subscriptions.add({ wireName: target.wireName, channel, cursor, isImplicit: target.isImplicit });
  outgoing.send(frameOf(outgoing.codec.encode(subd, paste), "control", 0));
  if (outgoing.isLagging) {
    cursor.presenceIsStale = withPresence;
    return cursor.go("overflow");
  }
  const members = withPresence ? channel.presenceFrame(outgoing.codec) : undefined;
  if (members !== undefined) outgoing.send(members);
  if (channel.isAtHead(pos)) cursor.go("reached");
  else outgoing.wake(cursor);
}
