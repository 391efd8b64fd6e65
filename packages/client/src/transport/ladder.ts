// The first of several transports that works here: each gets a head start over the next, what worked is remembered, and
// the best is looked for again later.

import type { Clock } from "@heddle/base";
import { newAlarm } from "../timers.ts";
import { nobody } from "./make-before-break.ts";
import type { Transport, TransportHandlers, TransportLink } from "./transport.ts";

/** Keeps one short text for the network we are in. */
export interface TransportMemory {
  get(): string | null | undefined;
  set(text: string): void;
}

export interface LadderOptions {
  readonly clock: Clock;
  /** How long a transport is waited for before the next is tried beside it. Milliseconds. */
  readonly headStartMs: number;
  /** How long a lower one is used before the best is looked for, and how long it is begun with. Milliseconds. */
  readonly upAfterMs: number;
  readonly memory: TransportMemory;
}

/** A transport that is several. Its name is that of the one in use or tried last. */
export interface Ladder extends Transport {
  /** Why the one above it is not in use; undefined when there is none, or an earlier ladder found out. */
  readonly why: string | undefined;
}

/** Clients that know how open their next connection before they leave this one. */
const moveUp = '{"t":"move"}';

/** @param transports  at least one */
export function newLadder(transports: readonly Transport[], options: LadderOptions): Ladder {
  const { clock, headStartMs, upAfterMs, memory } = options;
  const best = transports[0] as Transport;
  /** What each was last given up for. */
  const reasons = new Map<Transport | undefined, string>();
  let current = best;
  let upMs = upAfterMs;
  /** How often the best may be refused before others are tried: it has worked here, so its server may just be away. */
  let patience = 0;

  const remember = (transport: Transport): void => memory.set(`${transport.name} ${clock.wallMs()}`);
  /** The one to begin with. */
  const remembered = (): Transport => {
    const [kept, ms] = memory.get()?.split(" ") ?? [];
    const isFresh = clock.wallMs() - Number(ms) < upAfterMs;
    return transports.find((transport) => isFresh && transport.name === kept) ?? best;
  };

  const open = (handlers: TransportHandlers): TransportLink => {
    const alarm = newAlarm(clock);
    const first = remembered();
    const untried = [first, ...transports.filter((transport) => transport !== first)];
    const links = new Map<Transport, TransportLink>();
    const opened = new Set<Transport>();
    /** All that a client says unanswered; each that opens is sent it until one has answered. */
    let greeting = "";
    let winner: Transport | undefined;
    let isOver = false;

    const over = (code: number, reason: string): void => {
      isOver = true;
      alarm();
      handlers.closed(code, reason);
    };
    const wait = (): void =>
      alarm(headStartMs, () => {
        reasons.set(current, "silent");
        tryNext();
      });
    const tryNext = (): void => {
      const transport = untried.shift();
      if (!transport) return;
      current = transport;
      wait();
      links.set(transport, transport.open(handlersOf(transport)));
    };
    const won = (transport: Transport): void => {
      current = winner = transport;
      alarm();
      if (transport !== first) remember(transport);
      if (transport === best) {
        upMs = upAfterMs / 32;
        patience = 2;
      } else alarm(upMs, lookUp);
      for (const [other, link] of links) if (other !== transport) link.close();
    };
    const handlersOf = (transport: Transport): TransportHandlers => ({
      opened() {
        if (isOver || winner) return;
        opened.add(transport);
        if (greeting) links.get(transport)?.send(greeting);
        else if (opened.size === 1) {
          alarm(); // a connection made ahead is greeted when it is wanted
          handlers.opened();
        }
      },
      message(text, cost) {
        if (isOver) return;
        if (!winner) won(transport);
        if (winner === transport) handlers.message(text, cost);
      },
      closed(code, reason) {
        links.delete(transport);
        opened.delete(transport);
        if (winner === transport) return over(code, reason);
        if (isOver || winner) return;
        reasons.set(transport, reason || `${code}`);
        if (transport === current && (transport !== best || patience-- < 1)) tryNext();
        if (!links.size) over(code, reason);
      },
    });
    /** Whether the best works again, on a connection of its own, which carries nothing. */
    const lookUp = (): void => {
      remember(winner as Transport);
      const probe = best.open({
        ...nobody,
        opened() {
          probe.close();
          if (isOver) return;
          remember(best);
          handlers.message(moveUp);
        },
      });
      upMs = Math.min(upAfterMs, upMs * 2);
      alarm(upMs, () => {
        probe.close();
        lookUp();
      });
    };

    tryNext();
    return {
      send(text) {
        if (winner) return links.get(winner)?.send(text);
        greeting = text;
        wait();
        for (const transport of opened) links.get(transport)?.send(text);
      },
      close(code, reason) {
        if (!winner && !isOver) {
          isOver = true; // what its links still tell is nobody's
          alarm();
          clock.turnEnd(() => handlers.closed(1006, "closed"));
        }
        for (const link of links.values()) link.close(code, reason);
      },
    };
  };

  return {
    get name() {
      return current.name;
    },
    get why() {
      return reasons.get(transports[transports.indexOf(current) - 1]);
    },
    open,
  };
}
