// Where a subscription begins, proved against the log: the head, a carried position, the last entries, or a snapshot.

import { fromWirePos, type Gap, type GapCause, type Mode, type Pos, type SubBody } from "@heddle/protocol";
import { classify, gapBetween, isCarriedOver } from "../channel/chain.ts";
import type { Channel } from "../channel/channel.ts";
import { HubError } from "../hub-error.ts";
import { positionBefore } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { issueTicket, readTicket, type Ticket } from "../session/ticket.ts";

export interface ResolvedStart {
  /** Where the stream continues; undefined: at the head, whatever it is when the subscription begins. */
  readonly pos: Pos | undefined;
  readonly rec: "none" | "full" | "gap";
  readonly gap?: Gap;
  /** For clients without the right to read history. */
  readonly ticket?: string;
  readonly snapshotJson?: string;
}

export interface StartRequest {
  readonly session: Session;
  readonly channel: Channel;
  readonly body: Pick<SubBody, "at" | "j">;
  readonly mode: Mode;
  readonly mayReadHistory: boolean;
}

/** @throws {HubError} when the request cannot be met, `EngineError` when the store cannot be asked */
export async function resolveStart(request: StartRequest): Promise<ResolvedStart> {
  const { at } = request.body;
  if (at === "live") return { pos: undefined, rec: "none" };
  if (at === "snap") return resolveSnapshot(request);
  if (at[0] === "last") return resolveLast(request, at[1]);
  return resolvePosition(request, fromWirePos([at[1], at[2], at[3]]));
}

/** A ticket from `pos` on, for whoever must resume without the right to read history. */
export function ticketFrom(session: Session, channel: string, pos: Pos): string {
  return issueTicket(session.node, session.owner, channel, pos, session.node.clock.wallMs());
}

async function resolvePosition(request: StartRequest, pos: Pos): Promise<ResolvedStart> {
  const { session, channel, body, mayReadHistory } = request;
  const { node } = session;
  const brought = mayReadHistory
    ? undefined
    : readTicket(node, session.owner, channel.name, body.j ?? "", node.clock.wallMs());
  // Whoever stands at the head has missed nothing, whatever else it can or cannot prove.
  const isAtHead = channel.isAtHead(pos);
  const isBefore = brought?.isOfEpoch(pos.epoch) === true && pos.offset < brought.offset;
  if (!mayReadHistory && !isAtHead) {
    if (brought === undefined) return gapTo(request, "unverified", pos, channel.head);
    if (isBefore && pos.epoch === channel.head.epoch) return gapTo(request, "expired", pos, channel.head);
  }
  const missed = await missedSince(request, pos);
  if (missed !== undefined && !isCarriedOver(request.mode, missed.why, request.channel.hasPhantoms))
    return gapTo(request, missed.why, pos, missed.to);
  // The log may have been replaced since it was read: then the cursor finds that out by its own next read.
  const missedCount = channel.head.epoch === pos.epoch ? channel.head.offset - pos.offset : 0;
  if (missedCount > channel.policy.recoverMax && !isCarriedOver(request.mode, "overflow", request.channel.hasPhantoms))
    return gapTo(request, "overflow", pos, channel.head);
  node.counters.resumes++;
  const ticket = isAtHead && !mayReadHistory ? renewed(request, pos, brought) : body.j;
  return { pos, rec: "full", ...(ticket === undefined ? {} : { ticket }) };
}

/**
 * A ticket for whoever is at the head, good for as long as a new one. It begins where the one it brought does: the client may
 * have received more than it has handled, and come back to where it handled.
 */
function renewed({ session, channel }: StartRequest, pos: Pos, brought: Ticket | undefined): string {
  const offset = brought?.isOfEpoch(pos.epoch) === true ? Math.min(brought.offset, pos.offset) : pos.offset;
  return ticketFrom(session, channel.name, { ...pos, offset });
}

/** What a subscriber at `pos` has missed for good; undefined when it can read on. */
async function missedSince(
  { session, channel }: StartRequest,
  pos: Pos,
): Promise<{ why: GapCause; to: Pos } | undefined> {
  if (channel.isAtHead(pos) || channel.isHeld(pos)) return undefined;
  const { read } = await channel.readAfter(pos, session.outgoing);
  return read && classify(pos, read);
}

function gapTo({ session, channel, body }: StartRequest, why: Gap["why"], from: Pos, to: Pos): ResolvedStart {
  session.node.counters.gaps[why]++;
  // A ticket that proves nothing is replaced by one from here on.
  const ticket = why === "unverified" ? ticketFrom(session, channel.name, to) : body.j;
  return { pos: to, rec: "gap", gap: gapBetween(why, from, to), ...(ticket === undefined ? {} : { ticket }) };
}

async function resolveLast({ session, channel, mode }: StartRequest, count: number): Promise<ResolvedStart> {
  const { node } = session;
  if (mode === "key") return { pos: channel.startOfLastKeys(count), rec: "none" };
  const last = mode === "latest" ? 1 : count;
  const { head } = channel;
  const read = await node.reads.run(session.outgoing, () =>
    node.engine.log.read(channel.name, { last, limit: last, bytes: node.limits.ringBytes, atLeast: head }),
  );
  const [oldest] = read.entries;
  return { pos: oldest === undefined ? read.head : positionBefore(oldest), rec: "none" };
}

/** Attach, take the head, load the state, go on behind the position the state includes. Tried twice when that expires meanwhile. */
async function resolveSnapshot(request: StartRequest): Promise<ResolvedStart> {
  const { session, channel } = request;
  const { snapshot } = channel.policy;
  if (snapshot === undefined)
    throw new HubError("badRequest", `${channel.name}: at "snap", but the channel has no snapshot`);
  for (let attempt = 1; attempt <= 2; attempt++) {
    // Whoever left meanwhile can stop nothing any more, and the application may be closed.
    if (!session.isOpen) return { pos: undefined, rec: "none" };
    const { json, position } = await channel.snapshots.load(snapshot, session.actor, session.requests);
    if (position.epoch !== channel.head.epoch) continue;
    if ((await missedSince(request, position)) === undefined) return { pos: position, rec: "none", snapshotJson: json };
  }
  throw new HubError("snapshotFailed", `${channel.name}: the snapshot's position is not on the log any more`);
}
