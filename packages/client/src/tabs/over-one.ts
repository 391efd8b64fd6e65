// Any number of links over one link of the transport below: each message is one link's, named by its number. Knows the wire's
// form for that, and nothing of who uses the links.

import type { Clock } from "@heddle/base";
import { parseTabMessage, tabEnd, tabFrames } from "@heddle/protocol";
import type { Transport, TransportHandlers, TransportLink } from "../transport/transport.ts";

export interface OverOne extends Transport {
  /** How many links there are. */
  readonly linkCount: number;
  /** The server does not know this form: links are of no use here. */
  readonly isUnknown: boolean;
  /** Ends the link below; those over it are told that they were lost. */
  end(why: string): void;
}

/** One link below, and those over it by number. */
interface Line {
  link: TransportLink;
  isOpen: boolean;
  last: number;
  heardMs: number;
  readonly links: Map<number, TransportHandlers>;
}

const lostCode = 1006;
/** Anything but 1000 and 1001 tells a server that we may come back. A client gives up a silent link with it. */
const giveUpCode = 4002;
/** As a server says that it knows none of the forms it was offered. */
const unknownCode = 4406;
/** As long as a client waits for a sign of life. Milliseconds. */
const silentMs = 1_500;
const leaving = /^\{"t":"move"/m;

export function overOne(below: Transport, clock: Clock): OverOne {
  const lines = new Set<Line>();
  /** Where new links begin; undefined: nowhere yet, or its server goes away. */
  let current: Line | undefined;
  let isUnknown = false;

  const retire = (line: Line): void => {
    if (current === line) current = undefined;
  };
  /** What is over it is lost. */
  const lose = (line: Line, why: string): void => {
    retire(line);
    lines.delete(line);
    const lost = [...line.links.values()];
    line.links.clear();
    for (const { closed } of lost) closed(lostCode, why);
  };
  const hangUp = (line: Line, why: string): void => {
    const { link } = line;
    lose(line, why);
    link.close(giveUpCode, "");
  };

  const heard = (line: Line, text: string): void => {
    const message = parseTabMessage(text);
    const handlers = message && line.links.get(message.n);
    if (!handlers) return; // of a link that is over
    if ("text" in message) {
      // Whoever moves is to find another server.
      if (leaving.test(message.text)) retire(line);
      return handlers.message(message.text);
    }
    line.links.delete(message.n);
    handlers.closed(message.code, message.reason);
    if (!line.links.size) hangUp(line, "");
  };

  const dial = (): Line => {
    const links: Line["links"] = new Map();
    const line = { isOpen: false, last: 0, heardMs: clock.monotonicMs(), links } as Line;
    lines.add(line);
    line.link = below.open({
      opened() {
        line.isOpen = true;
        for (const { opened } of [...line.links.values()]) opened();
      },
      message(text) {
        line.heardMs = clock.monotonicMs();
        heard(line, text);
      },
      closed(code, reason) {
        if (code === unknownCode) isUnknown = true;
        lose(line, reason || `closed: ${code}`);
      },
    });
    return line;
  };

  return {
    name: below.name,
    get linkCount() {
      return [...lines].reduce((sum, { links }) => sum + links.size, 0);
    },
    get isUnknown() {
      return isUnknown;
    },
    end(why) {
      for (const line of [...lines]) hangUp(line, why);
    },
    open(handlers) {
      const line = (current ??= dial());
      const n = ++line.last;
      line.links.set(n, handlers);
      if (line.isOpen) clock.turnEnd(() => line.links.get(n) === handlers && handlers.opened());
      return {
        send(text) {
          if (line.isOpen && line.links.has(n)) line.link.send(tabFrames(n, text));
        },
        close(code = 1000, reason = "") {
          if (!line.links.delete(n)) return;
          if (line.isOpen) line.link.send(tabEnd(n, code, reason));
          clock.turnEnd(() => handlers.closed(code, reason));
          // A client found its link dead, and nobody else has heard anything: it is the line.
          const isDead = code === giveUpCode && clock.monotonicMs() - line.heardMs >= silentMs && current === line;
          if (isDead || !line.links.size) hangUp(line, "silent");
        },
      };
    },
  };
}
