// Reading a channel's past, a page at a time, from either side of a position.

import {
  fromWirePos,
  isChannelName,
  isServerName,
  toWirePos,
  wireLimits,
  type HistoryFrame,
  type Pos,
} from "@heddle/protocol";
import { bodyOf, frameOf } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import { positionBefore, type ReadQuery, type ReadResult } from "../ports/index.ts";
import type { Session } from "../session/session.ts";
import { hasRequestRoom } from "./admit.ts";
import { underRights } from "./rights.ts";

/** Data of one page; more stays for the next. */
const pageBytes = 65_536;
const defaultLimit = 50;
const lookAgainMs = 100;

export function history(session: Session, frame: HistoryFrame): void {
  if (!hasRequestRoom(session, frame.r)) return;
  const work = async (): Promise<void> => {
    try {
      await room(session);
      await answer(session, frame);
    } catch (error) {
      session.refuseThrown(frame.r, error);
    }
  };
  // One page at a time: together they could be more than the connection may have queued, and end it as slow.
  void session.requests.counted(() => new Promise((done) => session.pages.run("", () => work().then(done))));
}

/** Waits until the connection has taken most of what is queued, at most as long as one may be slow. */
async function room({ node, outgoing }: Session): Promise<void> {
  const { clock, limits } = node;
  const untilMs = clock.monotonicMs() + limits.slowMs;
  while (outgoing.port.queuedBytes > limits.queueBytes / 2 && clock.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => void clock.after(lookAgainMs, resolve));
  }
}

async function answer(session: Session, frame: HistoryFrame): Promise<void> {
  const { ch, r } = frame;
  const policy = isChannelName(ch) && !isServerName(ch) ? session.node.application.channel(ch) : undefined;
  if (policy === undefined) throw new HubError("unknownName", `${ch.slice(0, 80)}: no such channel`);
  const query = queryOf(frame);
  const read = await underRights(session, async () => {
    if (!(await session.may(policy, ["history"]))) throw new HubError("forbidden", `${ch}: history not allowed`);
    return readAtLeast(session, ch, query, frame.min && fromWirePos(frame.min));
  });
  if (read === undefined) return session.refuse(r, "notYet", { why: "history.min is not reached", ms: 500 });
  if (read.proof !== "linked") return session.refuse(r, "expired", { floor: toWirePos(read.floor) });
  const entries = read.entries.filter(({ type }) => type === "data").map(bodyOf);
  const page = { entries, p: toWirePos(nextPosition(query, read)), more: read.more };
  const { outgoing } = session;
  if (session.isOpen) outgoing.send(frameOf(outgoing.codec.history(r, page), "control", 0));
}

function queryOf(frame: HistoryFrame): ReadQuery {
  const given = [frame.before, frame.after, frame.last].filter((part) => part !== undefined);
  if (given.length !== 1) throw new HubError("badRequest", "history: exactly one of before, after, last wanted");
  const limit = frame.limit ?? frame.last ?? defaultLimit;
  if (limit < 1 || limit > wireLimits.historyCount) {
    throw new HubError("badRequest", `history.limit: ${limit} given, 1 to ${wireLimits.historyCount} wanted`);
  }
  const bounds = { limit, bytes: pageBytes };
  const at = frame.before ?? frame.after;
  if (at?.[2] === 0) throw new HubError("badRequest", "history: a position with tag 0 is never given out");
  if (frame.before !== undefined) return { ...bounds, before: fromWirePos(frame.before) };
  if (frame.after !== undefined) return { ...bounds, after: fromWirePos(frame.after) };
  return { ...bounds, last: limit };
}

/** Where the next page in the same direction begins. */
function nextPosition(query: ReadQuery, read: ReadResult): Pos {
  if ("after" in query) return read.entries.at(-1)?.pos ?? query.after;
  const [oldest] = read.entries;
  if (oldest !== undefined) return positionBefore(oldest);
  return "before" in query ? query.before : read.head;
}

/** Whether the log shows that what stood at `min` is gone for good: another epoch, or another entry in its place. */
function isReplaced({ head, entries }: ReadResult, min: Pos): boolean {
  if (head.epoch !== min.epoch) return true;
  return entries.some(({ pos }) => pos.offset === min.offset && pos.tag !== min.tag);
}

/** Waits until the log has reached `min`; undefined when it has not in time. A log of another epoch never will. */
async function readAtLeast(
  session: Session,
  channel: string,
  query: ReadQuery,
  min: Pos | undefined,
): Promise<ReadResult | undefined> {
  const { node } = session;
  const untilMs = node.clock.monotonicMs() + wireLimits.historyMinMs;
  const atLeast = min === undefined ? {} : { atLeast: min };
  for (;;) {
    const read = await node.reads.run(session.outgoing, () => node.engine.log.read(channel, { ...query, ...atLeast }));
    if (min === undefined) return read;
    if (isReplaced(read, min)) return { ...read, proof: "diverged" };
    if (read.head.offset >= min.offset) return read;
    if (node.clock.monotonicMs() >= untilMs) return undefined;
    await new Promise<void>((resolve) => void node.clock.after(lookAgainMs, resolve));
  }
}
