// The first of several transports that works here: each gets a head start over the next, what worked is remembered, and
// the better ones are tried again later.

import type { Clock } from "@heddle/base";
import { LocalError } from "../errors.ts";
import { newAlarm } from "../timers.ts";
import type { Transport, TransportHandlers, TransportLink } from "./transport.ts";

export interface LadderOptions {
  readonly clock: Clock;
  /** How long a transport is waited for before the next is tried beside it. Milliseconds. */
  readonly headStartMs: number;
  /** How long a lower one is used before the ones above are tried again. Milliseconds. */
  readonly upAfterMs: number;
}

/** A transport that is several, and tells which it is. */
export interface Ladder extends Transport {
  /** Name of the transport in use or tried last; `why` those above it are not. */
  readonly current: { readonly name: string; readonly why: string };
}

const nothingCode = 1006;
/** Tells the client to come again at once, with its positions: 4005, and `after` of a millisecond. */
const moveUp = JSON.stringify({ t: "bye", code: 4005, why: "a better transport works again", after: 1 });

/** @throws {LocalError} `option-invalid` when there is no transport */
export function newLadder(transports: readonly Transport[], options: LadderOptions): Ladder {
  const { clock, headStartMs, upAfterMs } = options;
  if (transports.length === 0) throw new LocalError("option-invalid", "transports: none, at least one wanted");
  const nameOf = (rung: number): string => (transports[rung] as Transport).name;
  /** The best that may work here. */
  let from = 0;
  let loweredMs = 0;
  let current = { name: nameOf(0), why: "" };

  const lower = (rung: number, why: string): void => {
    from = rung;
    loweredMs = clock.monotonicMs();
    current = { name: nameOf(rung), why };
  };

  const open = (handlers: TransportHandlers): TransportLink => {
    const alarm = newAlarm(clock);
    const tried = new Map<number, TransportLink>();
    let winner = -1;
    let next = from;
    let hasHeard = false;
    let isOver = false;
    let lastWhy = current.why;

    const over = (code: number, why: string): void => {
      isOver = true;
      alarm();
      handlers.closed(code, why);
    };
    /** Tries the next one down, and gives it its head start. */
    const tryNext = (): void => {
      const rung = next++;
      const transport = transports[rung];
      if (transport === undefined || isOver || winner >= 0) return;
      current = { name: transport.name, why: lastWhy };
      if (next < transports.length) {
        alarm(headStartMs, () => {
          lastWhy = `${transport.name}: not open after ${headStartMs} ms`;
          tryNext();
        });
      }
      tried.set(rung, transport.open(handlersOf(rung)));
    };
    const won = (rung: number): void => {
      winner = rung;
      alarm();
      current = { name: nameOf(rung), why: rung === 0 ? "" : lastWhy };
      for (const [other, link] of tried) if (other !== rung) link.close();
      if (rung > 0) alarm(upAfterMs, () => lookUp());
      handlers.opened();
    };
    const handlersOf = (rung: number): TransportHandlers => ({
      opened() {
        if (winner < 0 && !isOver) won(rung);
      },
      message(text, cost) {
        if (winner !== rung || isOver) return;
        // What has brought something works, and those above did not in their time.
        if (!hasHeard && rung !== from) lower(rung, lastWhy);
        hasHeard = true;
        handlers.message(text, cost);
      },
      closed(code, why) {
        tried.delete(rung);
        if (isOver || (winner >= 0 && winner !== rung)) return;
        if (winner === rung) {
          // Open, and yet nothing ever came: something between holds it back.
          if (!hasHeard && code === nothingCode) stepDown(rung, `${nameOf(rung)}: ${why || "nothing came"}`);
          return over(code, why);
        }
        lastWhy = `${nameOf(rung)}: ${why || `closed with ${code}`}`;
        if (next < transports.length) tryNext();
        else if (tried.size === 0) over(code, why);
      },
    });
    const stepDown = (rung: number, why: string): void => {
      const below = rung + 1 < transports.length ? rung + 1 : 0;
      lower(below, why);
    };
    /** Whether the best one works again, on a connection of its own, which carries nothing. */
    const lookUp = (): void => {
      if (isOver) return;
      const probe = (transports[0] as Transport).open({
        opened() {
          probe.close();
          if (isOver) return;
          from = 0;
          handlers.message(moveUp);
        },
        message() {},
        closed: () => undefined,
      });
      alarm(upAfterMs, () => {
        probe.close();
        lookUp();
      });
    };

    if (from > 0 && clock.monotonicMs() - loweredMs >= upAfterMs) from = 0;
    next = from;
    tryNext();
    return {
      send: (text) => tried.get(winner)?.send(text),
      close(code, reason) {
        const used = tried.get(winner);
        // The client gave it up unheard: it is not to be waited for again.
        if (used !== undefined && !hasHeard && code !== 1_000) stepDown(winner, `${nameOf(winner)}: nothing came`);
        for (const link of tried.values()) link.close(code, reason);
        if (used === undefined && !isOver) clock.turnEnd(() => (isOver ? undefined : over(nothingCode, "given up")));
      },
    };
  };

  return {
    get name() {
      return current.name;
    },
    get current() {
      return current;
    },
    open,
  };
}
