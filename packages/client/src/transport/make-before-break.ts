// Leaving a node that goes away without being offline: the next connection stands before this one is given up. Knows the
// few frames it looks for by how their text begins, and nothing of what a client makes of them.

import type { Clock } from "@heddle/base";
import { newAlarm } from "../timers.ts";
import type { Transport, TransportHandlers, TransportLink } from "./transport.ts";

export interface MoveOptions {
  readonly clock: Clock;
  readonly random: { float(): number };
}

/** One link of the transport below, and who hears it. */
interface Line {
  to: TransportHandlers;
  readonly link: TransportLink;
}

/** Calls under way may be answered this long while the next connection waits: below the server's `helloMs`. */
const quietMs = 3_000;
/** A next connection that is not welcomed within this is no better than none. */
const patienceMs = 5_000;
/** Nobody else may be there to take us yet. */
const retryLeastMs = 500;
const retrySpreadMs = 1_500;
/** Anything but 1000 and 1001 tells a server that we may come back. */
const leftCode = 4002;
const moved = '{"t":"bye","code":4000,"why":"moved","after":0}';
/** Hears nothing. */
export const nobody: TransportHandlers = { opened() {}, message() {}, closed() {} };

const has = (text: string, start: string): boolean => text.startsWith(start) || text.includes(`\n${start}`);

/**
 * A transport like `transport` for one client, which answers a server's `move` by opening the next connection first. When
 * that stands, the client is told that the old one has ended and gets the next, without telling its state meanwhile: the
 * application sees a client that is online throughout.
 */
export function makeBeforeBreak(transport: Transport, { clock, random }: MoveOptions): Transport {
  const patience = newAlarm(clock);
  let isMoving = false;
  /** Stands, and waits for the client to take it. */
  let next: Line | undefined;
  let old: TransportLink | undefined;

  const settle = (): void => {
    patience();
    isMoving = false;
    old?.close(leftCode, "");
    old = undefined;
  };

  const dial = (to: TransportHandlers): Line => {
    const line: Line = {
      to,
      link: transport.open({
        opened: () => line.to.opened(),
        message: (text, cost) => line.to.message(text, cost),
        closed: (code, reason) => line.to.closed(code, reason),
      }),
    };
    return line;
  };

  const drop = (line: Line | undefined): void => {
    if (!line) return;
    line.to = nobody;
    line.link.close(leftCode, "");
  };

  const open = (handlers: TransportHandlers): TransportLink => {
    const alarm = newAlarm(clock);
    /** Numbers of calls without an answer. */
    const calls = new Set<number>();
    let ahead: Line | undefined;
    let isReady = false;
    let isLeft = false;
    let isGreeting = !!next;

    const stop = (): void => {
      alarm();
      drop(ahead);
      ahead = undefined;
      isReady = false;
    };
    const prepare = (): void => {
      ahead ??= dial({
        ...nobody,
        opened() {
          isReady = true;
          if (calls.size) alarm(quietMs, leave);
          else leave();
        },
        closed() {
          ahead = undefined;
          isReady = false;
          alarm(retryLeastMs + random.float() * retrySpreadMs, prepare);
        },
      });
    };
    const leave = (): void => {
      alarm();
      next = ahead as Line;
      next.to = { ...nobody, closed: giveUp };
      ahead = undefined;
      isReady = false;
      isMoving = isLeft = true;
      line.to = nobody;
      patience(patienceMs, giveUp);
      handlers.message(moved);
    };
    /** The next connection came to nothing: what the client does then is told again. */
    const giveUp = (): void => {
      settle();
      drop(next);
      next = undefined;
    };
    /** The first message of a connection that was made ahead: `welcome`, or why not. */
    const greeted = (text: string, cost: number | undefined): void => {
      const isWelcome = has(text, '{"t":"welcome"');
      isGreeting = false;
      if (!isWelcome) settle();
      handlers.message(text, cost);
      if (isWelcome) settle();
    };

    const heard: TransportHandlers = {
      opened: () => handlers.opened(),
      message(text, cost) {
        if (calls.size) for (const [, r] of text.matchAll(/^{"t":"(?:ok|err)","r":(\d+)/gm)) calls.delete(Number(r));
        if (has(text, '{"t":"move"')) prepare();
        if (isMoving) greeted(text, cost);
        else handlers.message(text, cost);
        if (isReady && !calls.size) leave(); // before what was just answered makes the application call again
      },
      closed(code, reason) {
        stop();
        settle();
        handlers.closed(code, reason);
      },
    };
    const taken = next;
    next = undefined;
    const line = taken ?? dial(heard);
    if (taken) {
      taken.to = heard;
      clock.turnEnd(heard.opened);
      patience(patienceMs, () => {
        drop(taken);
        heard.closed(1006, "not welcomed");
      });
    } else settle();

    return {
      send(text) {
        // Before it is welcomed a client that seems to be online may send what the server would not take yet.
        if (isGreeting && !text.startsWith('{"t":"hello"')) return;
        if (text.includes('"t":"call"')) {
          const { t, r } = JSON.parse(text) as { readonly t: string; readonly r: number };
          if (t === "call") calls.add(r);
        }
        line.link.send(text);
      },
      close(code, reason) {
        stop();
        if (isLeft) old = line.link;
        else {
          settle();
          line.link.close(code, reason);
        }
      },
    };
  };

  return {
    name: transport.name,
    get isMoving() {
      return isMoving;
    },
    open,
  };
}
