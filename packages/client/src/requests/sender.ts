// Frames that want an answer, on their way: in order, within the server's windows, across connections, until the answer is
// final, their time is over or nobody wants it any more. Requests and publishes are the two lanes.

import type { Clock } from "@heddle/base";
import type { ErrFrame, OkFrame, PartFrame, SubdFrame, WelcomeFrame } from "@heddle/protocol";
import type { Send } from "../connection/send.ts";
import { HeddleError, LocalError, retryMsOf, type LocalCode } from "../errors.ts";
import { newAlarm, newStopwatch } from "../timers.ts";

export type Answer = OkFrame | ErrFrame | SubdFrame;
/** `cost` is the flow-control cost of the answer's frame. */
export type Answered = (answer: Answer, cost: number) => void;

/**
 * Sends and waits for the final answer.
 *
 * @param what           names it in errors
 * @param frame          the frame. `leftMs` is the time it has; `pn` the number of the nearest earlier publish of the order
 *                       that is still here, 0 if none. Undefined: it may not be sent before the next `pump`
 * @param isRepeatable   whether asking twice does no harm
 * @param order          what has the same order is sent in order: while one waits, those behind it wait
 * @param isCancellable  whether the server stops working on it when told
 * @param size           characters it takes while it waits; 0 for requests
 * @param n              number, of publishes alone
 * @param part           gets what comes before the answer
 * @throws {HeddleError} the server's refusal
 * @throws {LocalError} `timeout`, `aborted`, `unknown-outcome`, `closed`, `user-changed`
 */
export type Submit = (
  what: string,
  frame: (r: number, pn: number, leftMs: number) => Parameters<Send>[0] | undefined,
  isRepeatable: boolean,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  order: string | undefined,
  isCancellable: boolean,
  size: number,
  n?: number,
  part?: (part: PartFrame, cost: number) => void,
) => Promise<OkFrame>;

export type Sender = readonly [
  submit: Submit,
  /** Sizes of what waits or is unanswered: of publishes, or of requests. */
  pending: (arePublishes: boolean) => readonly number[],
  /** A number for one frame on this connection, and who gets its answer. Outside the windows. */
  expect: (answered: Answered) => number,
  /** An answer came. Late ones are ignored. */
  answered: (answer: Answer | PartFrame, cost: number) => void,
  /** A connection is open: what waits is sent, what was sent is repeated. */
  welcomed: (welcome: WelcomeFrame) => void,
  /** @param isTooBig  the server closed because a message was beyond every limit: the largest sent publish is to blame */
  lost: (isTooBig: boolean) => void,
  /** Gives up everything. */
  giveUp: (code: LocalCode, why?: string) => void,
  /** What was not to be sent may be now. */
  pump: () => void,
];

interface Item {
  readonly n: number | undefined;
  readonly size: number;
  /** Number of the frame this item is in flight with. */
  r: number | undefined;
  /** Sends it if it may go now. @returns after how many milliseconds it is to be looked at again */
  readonly step: (nowMs: number, latest: Map<string, number>, blocked: Set<string>, rooms: [number, number]) => number;
  /** @param isToBlame  for the end of the connection */
  readonly lost: (isToBlame: boolean) => void;
  readonly giveUp: (code: LocalCode, why?: string) => void;
}

/** What a frame may have before a server said so. */
export const frameLength = 65_536;

export const dedupMarginMs = 10_000;

export function newSender(clock: Clock, send: Send): Sender {
  const alarm = newAlarm(clock);
  const expected = new Map<number, Answered>();
  const items = new Set<Item>();
  let lastNumber = 0;
  /** The latest; nothing is sent before the first. */
  let welcome = {} as WelcomeFrame;
  let isOnline = false;
  /** Nothing is sent before this: the server said so, or it is our turn then. */
  let gateMs = 0;
  /** Between two frames, once the server asked for less: widened when it asks again, narrowed by every answer. */
  let paceMs = 0;

  const expect = (answered: Answered): number => {
    expected.set(++lastNumber, answered);
    return lastNumber;
  };

  /** Sends what may be sent, in order, and sees to it that it is called again when that changes by itself. */
  const pump = (): void => {
    const nowMs = clock.monotonicMs();
    /** Latest number of each order so far. */
    const latest = new Map<string, number>();
    /** Orders with an item that has to wait. */
    const blocked = new Set<string>();
    const rooms: [number, number] = isOnline ? [welcome.rw, welcome.pw] : [0, 0];
    let wakeMs = Infinity;
    for (const { r, n } of items) if (r) rooms[n ? 1 : 0]--;
    for (const { step } of items) wakeMs = Math.min(wakeMs, step(nowMs, latest, blocked, rooms));
    alarm();
    if (wakeMs < Infinity) alarm(wakeMs, pump);
  };

  const submit: Submit = (what, frame, isRepeatable, timeoutMs, signal, order, isCancellable, size, n, part) =>
    new Promise((resolve, reject) => {
      const deadlineMs = clock.monotonicMs() + timeoutMs;
      let notBeforeMs = 0;
      /** Since it was first sent. */
      let ageMs: (() => number) | undefined;
      /** It was sent, and whether it was carried out is not known. */
      let isUnsure = false;

      /** How long it may still be sent. A publish is recognised as a repetition for a while since it was first sent. */
      const leftMs = (nowMs: number): number =>
        Math.min(deadlineMs - nowMs, n && ageMs ? welcome.dw - dedupMarginMs - ageMs() : Infinity);
      const leave = (): void => {
        items.delete(item);
        item.r = undefined;
        signal?.removeEventListener("abort", abort);
      };
      const refuse = (error: Error): void => {
        leave();
        reject(error);
      };
      const giveUp: Item["giveUp"] = (code, why = code) => {
        const { r } = item;
        if (r && isCancellable) send({ t: "cancel", r });
        if (r) isUnsure = true;
        // A publish that may be stored is not said to be late or aborted: what matters is that nobody knows.
        const shown = isUnsure && n && code !== "closed" ? "unknown-outcome" : code;
        refuse(new LocalError(shown, `${what}: ${why}`, isUnsure ? "unknown" : "none"));
      };
      const abort = (): void => giveUp("aborted");

      const answered = (answer: Answer): void => {
        if (answer.t !== "err") {
          paceMs *= 0.98;
          leave();
          return resolve(answer as OkFrame);
        }
        const ms = retryMsOf(answer);
        if (answer.code === 102) isUnsure = true;
        if (ms === undefined) return refuse(new HeddleError(answer));
        const nowMs = clock.monotonicMs();
        notBeforeMs = nowMs + ms;
        if (answer.code === 429) {
          // What was under way together is refused together, and says one thing.
          if (gateMs - nowMs <= paceMs) paceMs = Math.min(1_000, paceMs * 1.5 + 2);
          gateMs = notBeforeMs;
        }
        if (isUnsure && !isRepeatable) giveUp("unknown-outcome", answer.why);
      };

      const item: Item = {
        n,
        size,
        r: undefined,
        step(nowMs, latest, blocked, rooms) {
          const key = order ?? "";
          const waitMs = Math.max(notBeforeMs, gateMs) - nowMs;
          if (leftMs(nowMs) <= 0) {
            giveUp("timeout");
            return Infinity;
          }
          if (!item.r && !blocked.has(key)) {
            const made =
              waitMs <= 0 && rooms[n ? 1 : 0] > 0 && frame(lastNumber + 1, latest.get(key) ?? 0, deadlineMs - nowMs);
            if (made) {
              rooms[n ? 1 : 0]--;
              ageMs ??= newStopwatch(clock);
              gateMs = nowMs + Math.floor(paceMs);
              const r = (item.r = expect((answer: Answer | PartFrame, cost) => {
                if (item.r !== r) return;
                if (answer.t === "part") return part?.(answer, cost);
                item.r = undefined;
                answered(answer);
                pump();
              }));
              send(made);
            } else if (key) blocked.add(key);
          }
          if (n) latest.set(key, n);
          return Math.min(leftMs(nowMs), waitMs > 0 ? waitMs : Infinity);
        },
        lost(isToBlame) {
          if (isToBlame) refuse(tooLarge(what, size));
          else if (isRepeatable) isUnsure = !(item.r = undefined);
          else giveUp("unknown-outcome");
        },
        giveUp,
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort);
      items.add(item);
      pump();
    });

  return [
    submit,
    (arePublishes) => [...items].filter(({ n }) => !n !== arePublishes).map(({ size }) => size),
    expect,
    (answer, cost) => {
      const r = answer.r as number;
      const answered = expected.get(r);
      if (answer.t !== "part") expected.delete(r);
      answered?.(answer as Answer, cost);
    },
    (given) => {
      welcome = given;
      isOnline = true;
      pump();
    },
    (isTooBig) => {
      isOnline = false;
      expected.clear();
      const sent = [...items].filter(({ r }) => r).sort((a, b) => b.size - a.size);
      sent.forEach((item, index) => item.lost(isTooBig && !index && !!item.n));
      pump();
    },
    (code, why) => {
      for (const { giveUp } of items) giveUp(code, why);
    },
    pump,
  ];
}

export const tooLarge = (what: string, size: number): HeddleError =>
  new HeddleError({ code: 303, name: "too_large", why: `${what}: ${size} units` });
