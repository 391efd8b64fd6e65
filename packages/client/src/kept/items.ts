// Publishes in a store: each is there, with its number, before it is first sent, and leaves when its outcome is known. What
// earlier runs left is sent first, under their numbers and only for their user.

import type { Clock } from "@heddle/base";
import type { OkFrame, WelcomeFrame, WirePos } from "@heddle/protocol";
import { HeddleError, LocalError } from "../errors.ts";
import { pubHead } from "../outbox/outbox.ts";
import { dedupMarginMs, type Sender, type Submit } from "../requests/sender.ts";
import { newAlarm } from "../timers.ts";
import { itemChange, itemKey, type Item, type Records } from "./records.ts";
import type { Write } from "./store.ts";

/** No publish is kept for longer, whatever its `deadlineMs`: thirty days. Milliseconds. */
export const keepMsMax = 2_592_000_000;

/** What became of a publish of an earlier run. `expired`: never sent in time · `unknown`: sent, and nobody can tell. */
export type Outcome = "accepted" | "duplicate" | "rejected" | "expired" | "unknown";

/** An outcome for whoever listens. */
export type TellOutcome = (item: Item, outcome: Outcome, position?: WirePos, error?: HeddleError) => void;

export type Items = readonly [
  /** Takes on a client's sender: sends what is left, and from now on what this run, with this `pid`, publishes. */
  attach: (sender: Sender, pid: string) => Sender,
  /** How many are left from earlier runs. */
  leftCount: () => number,
];

/** An item of this run, or one left from an earlier one. */
interface Live extends Item {
  readonly isLeft: boolean;
  /** Whether the store has it, in whatever version. */
  isStored: boolean;
  /** Whether the store has it as it is, or not at all: before that it is not sent. */
  isReady: boolean;
  /** Rises with every change: a write that ends after the next began says nothing. */
  changeCount: number;
  /** By this run, or, as far as anybody knows, by the one that left it. */
  wasSent: boolean;
  readonly stop: AbortController;
}

/**
 * @param keepMs    how long a publish is kept that names no deadline
 * @param connected  told who a connection is for, before anything is sent on it; answers by which name that is kept
 */
export function newItems(
  clock: Clock,
  write: Write,
  records: Records,
  { keepMs, retryMs }: { readonly keepMs: number; readonly retryMs: number },
  connected: (welcome: WelcomeFrame) => string,
  tell: TellOutcome,
): Items {
  let { who, nextIndex } = records;
  let isOnline = false;
  /** Until when the server recognises what is sent now. */
  let untilNow = (): Item["until"] => undefined;
  let pump = (): void => undefined;
  const owed = new Set<Live>();
  const retry = newAlarm(clock);

  const live = (item: Item, isLeft: boolean): Live => ({
    ...item,
    isLeft,
    isStored: isLeft,
    isReady: isLeft,
    changeCount: 0,
    wasSent: isLeft && !!item.until,
    stop: new AbortController(),
  });
  const items = new Set(records.items.map((item) => live(item, true)));

  /** Sees to it that the store has the item as it is now, or does not have it; then it may be sent. */
  const save = async (item: Live): Promise<void> => {
    const change = ++item.changeCount;
    item.isReady = false;
    let isSafe = await write([itemChange(item)]);
    if (isSafe) item.isStored = true;
    if (change !== item.changeCount) return;
    if (!isSafe && item.isStored) {
      // The version there says it was never sent, and the next run would send it however late.
      isSafe = await write([[item.key, undefined]]);
      if (isSafe) item.isStored = false;
      if (change !== item.changeCount) return;
      if (!isSafe) {
        owed.add(item);
        return retry(retryMs, saveOwed);
      }
    }
    item.isReady = true;
    pump();
  };
  const saveOwed = (): void => {
    const again = [...owed];
    owed.clear();
    for (const item of again) void save(item);
  };

  const remove = (item: Live): void => {
    items.delete(item);
    owed.delete(item);
    item.changeCount++;
    if (item.isStored || !item.isReady) void write([[item.key, undefined]]);
    if (item.isLeft) pump(); // what waited for it
  };

  /** What one run published goes before what a later one did in the same channel. */
  const isNext = ({ ch, pid }: Live): boolean => {
    for (const other of items) if (other.ch === ch && other.who === who) return other.pid === pid;
    return true;
  };

  const submitOf = ([submit]: Sender, item: Live, deadlineMs: number, signal: AbortSignal | undefined) => {
    const { ch, n, pid, tail, isLeft } = item;
    const text = isLeft ? `,"pid":${JSON.stringify(pid)}${tail}` : tail;
    const frame = (r: number, pn: number): string | undefined => {
      if (!isOnline || !item.isReady || item.who !== who || !isNext(item)) return undefined;
      item.wasSent = true;
      return pubHead(r, n, pn) + text;
    };
    const order = isLeft ? `${pid} ${ch}` : ch;
    return submit(`publish to ${ch}`, frame, true, deadlineMs - clock.wallMs(), signal, order, false, text.length, n);
  };

  /** One of an earlier run, to its end. */
  const sendLeft = async (sender: Sender, item: Live): Promise<void> => {
    const { until, expiresAtMs, stop } = item;
    const end = (...outcome: readonly [Outcome, WirePos?, HeddleError?]): void => {
      remove(item);
      tell(item, ...outcome);
    };
    try {
      const { p, dup } = await submitOf(sender, item, Math.min(expiresAtMs, until?.[0] ?? Infinity), stop.signal);
      end(dup ? "duplicate" : "accepted", p);
    } catch (error) {
      if (error instanceof HeddleError) return end("rejected", undefined, error);
      const { code } = error as LocalError;
      if (code === "user-changed") return sendLeft(sender, item); // waits for its user
      if (code !== "closed") end(item.wasSent ? "unknown" : "expired");
    }
  };

  /** One of this run. What the client has no time for is left to the next. */
  const sendOwn = async (sender: Sender, item: Live, signal: AbortSignal | undefined): Promise<OkFrame> => {
    items.add(item);
    void save(item);
    try {
      const ok = await submitOf(sender, item, item.expiresAtMs, signal);
      remove(item);
      return ok;
    } catch (error) {
      if (!(error instanceof LocalError && error.code === "closed")) remove(item);
      throw error;
    }
  };

  const welcomed = (welcome: WelcomeFrame): void => {
    const { now, dw } = welcome;
    who = connected(welcome);
    isOnline = true;
    const aheadMs = now - clock.wallMs();
    untilNow = () => {
      const ownMs = clock.wallMs() + dw - dedupMarginMs;
      return [ownMs, ownMs + aheadMs];
    };
    for (const item of items) {
      item.who ||= who;
      if (item.who !== who) continue;
      if (!item.wasSent) {
        item.until = untilNow();
        void save(item);
      } else if (item.isLeft && now >= (item.until?.[1] ?? 0)) item.stop.abort();
    }
  };

  const attach: Items[0] = (sender, pid) => {
    const [submit, pending, expect, answered, senderWelcomed, senderLost, giveUp, senderPump] = sender;
    pump = senderPump;
    for (const item of items) void sendLeft(sender, item);
    const submitKept: Submit = (what, frame, isRepeatable, timeoutMs, signal, order, isCancellable, size, n) => {
      const text = n && frame(0, 0, 0);
      if (!n || typeof text !== "string" || order === undefined)
        return submit(what, frame, isRepeatable, timeoutMs, signal, order, isCancellable, size, n);
      const tail = text.slice(pubHead(0, n, 0).length);
      const expiresAtMs = clock.wallMs() + Math.min(timeoutMs === Infinity ? keepMs : timeoutMs, keepMsMax);
      const until = isOnline ? untilNow() : undefined;
      const item = { key: itemKey(nextIndex++), pid, n, ch: order, tail, expiresAtMs, who, until };
      return sendOwn(sender, live(item, false), signal);
    };
    return [
      submitKept,
      pending,
      expect,
      answered,
      (welcome) => {
        welcomed(welcome);
        senderWelcomed(welcome);
      },
      (isTooBig) => {
        isOnline = false;
        senderLost(isTooBig);
      },
      giveUp,
      senderPump,
    ];
  };

  return [attach, () => [...items].filter(({ isLeft }) => isLeft).length];
}
