// One transport after another: each next one when the test says so, and what was there is lost without a word.

import type { Transport, TransportHandlers, TransportLink } from "@heddle/client/core";

/** What the client hears, and what the server does: there a code is wanted that may be sent. */
const [lostCode, leavingCode] = [1006, 4000];

export class Switching implements Transport {
  readonly name = "switching";
  /** What was opened, in order. */
  readonly opened: string[] = [];
  switchCount = 0;
  readonly #transports: readonly Transport[];
  #at = 0;
  #lose: (() => void) | undefined;

  constructor(transports: readonly Transport[]) {
    this.#transports = transports;
  }

  next(): void {
    this.#at = ++this.switchCount % this.#transports.length;
    this.#lose?.();
  }

  open(handlers: TransportHandlers): TransportLink {
    const transport = this.#transports[this.#at] as Transport;
    let isLost = false;
    const link = transport.open({
      opened: () => void (isLost || (this.opened.push(transport.name), handlers.opened())),
      message: (text, cost) => void (isLost || handlers.message(text, cost)),
      closed: (code, reason) => void (isLost || handlers.closed(code, reason)),
    });
    this.#lose = () => {
      if (isLost) return;
      isLost = true;
      link.close(leavingCode, "another way is taken");
      queueMicrotask(() => handlers.closed(lostCode, "another way is taken"));
    };
    return link;
  }
}
