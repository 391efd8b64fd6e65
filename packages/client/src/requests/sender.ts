// Frames that want an answer, on their way: in order, within the server's windows, across connections, until the answer is
// final, their time is over or nobody wants it any more. Requests and publishes are the two lanes.

import type { Clock } from "@heddle/base";
import type { ErrFrame, OkFrame, SubdFrame, WelcomeFrame } from "@heddle/protocol";
import type { Send } from "../connection/send.ts";
import { HeddleError, LocalError, retryMsOf, type LocalCode } from "../errors.ts";
import { cancel } from "../timers.ts";

export type Answer = OkFrame | ErrFrame | SubdFrame;
/** `cost` is the flow-control cost of the answer's frame. */
export type Answered = (answer: Answer, cost: number) => void;

/** What is to be sent. */
export interface Parcel {
  /** Names it in errors. */
  readonly what: string;
  /** What has the same order is sent in order: while one waits, those behind it wait. */
  readonly order?: string | undefined;
  /** Number, of publishes alone. */
  readonly n?: number;
  /** Characters it takes while it waits. */
  readonly size: number;
  /**
   * The frame. `leftMs` is the time it has; `pn` the number of the nearest earlier publish of the order that is still
   * here, 0 if none.
   */
  readonly frame: (r: number, pn: number, leftMs: number) => Parameters<Send>[0];
  /** Whether asking twice does no harm. */
  readonly isRepeatable: boolean;
  /** Whether the server stops working on it when told. */
  readonly isCancellable?: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Sender {
  /** A number for one frame on this connection, and who gets its answer. Outside the windows. */
  readonly expect: (answered: Answered) => number;
  /**
   * @throws {HeddleError} the server's refusal
   * @throws {LocalError} `timeout`, `aborted`, `unknown-outcome`, `closed`, `user-changed`
   */
  readonly submit: (parcel: Parcel) => Promise<OkFrame>;
  /** Parcels waiting or unanswered: of publishes, or of requests. */
  readonly pending: (arePublishes: boolean) => readonly Parcel[];
  /** An answer came. Late ones are ignored. */
  readonly answered: (answer: Answer, cost: number) => void;
  /** A connection is open: what waits is sent, what was sent is repeated. */
  readonly welcomed: (welcome: WelcomeFrame) => void;
  /** @param isTooBig  the server closed because a message was beyond every limit: the largest sent publish is to blame */
  readonly lost: (isTooBig: boolean) => void;
  /** Gives up everything. */
  readonly giveUp: (code: LocalCode, why: string) => void;
}

interface Item extends Parcel {
  readonly deadlineMs: number;
  readonly resolve: (answer: OkFrame) => void;
  readonly reject: (error: Error) => void;
  readonly abort: () => void;
  /** Number of the frame this item is in flight with. */
  r?: number | undefined;
  notBeforeMs: number;
  /** When it was first sent, by wall and monotonic clock. */
  firstSent?: readonly [wallMs: number, monotonicMs: number];
  /** It was sent, and whether it was carried out is not known. */
  isUnsure?: boolean;
}

export const dedupMarginMs = 10_000;

export function newSender(clock: Clock, send: Send): Sender {
  const expected = new Map<number, Answered>();
  let items: Item[] = [];
  let lastNumber = 0;
  let welcome: WelcomeFrame | undefined;
  let isOnline = false;
  let timer: Disposable | undefined;

  const expect = (answered: Answered): number => {
    expected.set(++lastNumber, answered);
    return lastNumber;
  };

  const leave = (item: Item): void => {
    items = items.filter((kept) => kept !== item);
    item.r = undefined;
    item.signal?.removeEventListener("abort", item.abort);
  };

  const refuse = (item: Item, error: Error): void => {
    leave(item);
    item.reject(error);
  };

  const giveUp = (item: Item, code: LocalCode, why: string): void => {
    const { r, n, what } = item;
    const isUnsure = !!(item.isUnsure || r);
    if (r && item.isCancellable) send({ t: "cancel", r });
    // A publish that may be stored is not said to be late or aborted: what matters is that nobody knows.
    const shown = isUnsure && n && code !== "closed" ? "unknown-outcome" : code;
    refuse(item, new LocalError(shown, `${what}: ${why}`, isUnsure ? "unknown" : "none"));
  };

  /**
   * Until when an item may be sent, on the monotonic scale. A publish is recognised as a repetition for a while since it
   * was first sent; the clock that ran faster counts.
   */
  const endMsOf = ({ n, firstSent, deadlineMs }: Item): number => {
    if (!n || !firstSent || !welcome) return deadlineMs;
    const [wallMs, monotonicMs] = firstSent;
    const aheadMs = Math.max(0, clock.wallMs() - wallMs - (clock.monotonicMs() - monotonicMs));
    return Math.min(deadlineMs, monotonicMs + welcome.dw - dedupMarginMs - aheadMs);
  };

  const launch = (item: Item, pn: number): void => {
    const nowMs = clock.monotonicMs();
    item.firstSent ??= [clock.wallMs(), nowMs];
    const r = expect((answer) => {
      if (item.r !== r) return;
      item.r = undefined;
      if (answer.t === "err") {
        const ms = retryMsOf(answer);
        item.isUnsure ||= answer.code === 102;
        item.notBeforeMs = clock.monotonicMs() + (ms ?? 0);
        if (ms === undefined) refuse(item, new HeddleError(answer));
        else if (item.isUnsure && !item.isRepeatable) giveUp(item, "unknown-outcome", `${answer.why}`);
      } else {
        leave(item);
        item.resolve(answer as OkFrame);
      }
      pump();
    });
    item.r = r;
    send(item.frame(r, pn, item.deadlineMs - nowMs));
  };

  /** Sends what may be sent, in order, and sees to it that it is called again when that changes by itself. */
  const pump = (): void => {
    const nowMs = clock.monotonicMs();
    /** Latest number of each order so far. */
    const latest = new Map<string, number>();
    /** Orders with an item that has to wait. */
    const blocked = new Set<string>();
    const rooms = [welcome?.rw ?? 0, welcome?.pw ?? 0] as [number, number];
    for (const { r, n } of items) if (r) rooms[n ? 1 : 0]--;
    let wakeMs = Infinity;
    for (const item of items) {
      const { order = "", n, notBeforeMs } = item;
      const isEarly = notBeforeMs > nowMs;
      if (endMsOf(item) <= nowMs) giveUp(item, "timeout", "no answer in time");
      else {
        if (!item.r && !blocked.has(order)) {
          if (isOnline && !isEarly && rooms[n ? 1 : 0]-- > 0) launch(item, latest.get(order) ?? 0);
          else if (order) blocked.add(order);
        }
        if (n) latest.set(order, n);
        wakeMs = Math.min(wakeMs, endMsOf(item), isEarly ? notBeforeMs : Infinity);
      }
    }
    cancel(timer);
    if (wakeMs < Infinity) timer = clock.after(wakeMs - nowMs, pump);
  };

  return {
    expect,
    submit: (parcel) =>
      new Promise((resolve, reject) => {
        const { signal, timeoutMs } = parcel;
        const abort = (): void => giveUp(item, "aborted", "by its signal");
        const deadlineMs = clock.monotonicMs() + timeoutMs;
        const item: Item = { ...parcel, deadlineMs, resolve, reject, abort, notBeforeMs: 0 };
        if (signal?.aborted) return abort();
        signal?.addEventListener("abort", abort);
        items.push(item);
        pump();
      }),
    pending: (arePublishes) => items.filter(({ n }) => !n !== arePublishes),
    answered(answer, cost) {
      const r = answer.r as number;
      const answered = expected.get(r);
      expected.delete(r);
      answered?.(answer, cost);
    },
    welcomed(given) {
      welcome = given;
      isOnline = true;
      pump();
    },
    lost(isTooBig) {
      isOnline = false;
      expected.clear();
      const sent = items.filter(({ r }) => r);
      const [largest] = sent.filter(({ n }) => n).sort((a, b) => b.size - a.size);
      for (const item of sent) {
        if (item === largest && isTooBig) refuse(item, tooLarge(item.what, item.size));
        else if (item.isRepeatable) item.isUnsure = !(item.r = undefined);
        else giveUp(item, "unknown-outcome", "the connection ended");
      }
      pump();
    },
    giveUp(code, why) {
      for (const item of items) giveUp(item, code, why);
    },
  };
}

export const tooLarge = (what: string, size: number): HeddleError =>
  new HeddleError({ code: 303, name: "too_large", why: `${what}: ${size} units` });
