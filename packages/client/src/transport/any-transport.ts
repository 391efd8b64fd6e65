// The default entry's way to a server in a browser: a WebSocket, and where none gets through the same over HTTP, whose code is
// loaded only there.

import type { Clock } from "@heddle/base";
import { newLadder, type Ladder, type TransportMemory } from "./ladder.ts";
import type { Transport, TransportLink } from "./transport.ts";

export type TransportName = "websocket" | "stream" | "poll";

export interface TransportOptions {
  /** Those that may be used, best first. Default: `["websocket", "stream", "poll"]`; in Node `["websocket"]`. */
  readonly transports?: readonly [TransportName, ...TransportName[]] | undefined;
  /** Where is kept what worked in this network. Default: `localStorage`, a few words for each kind of network. */
  readonly transportMemory?: TransportMemory | undefined;
}

export const headStartMs = 1_000;
export const upAfterMs = 300_000;

/** @param webSocket  over a WebSocket, however its frames are written */
export const anyTransport =
  (webSocket: (url: string) => Transport) =>
  (
    url: string,
    clock: Clock,
    { transports = ["websocket", "stream", "poll"], transportMemory: memory = localMemory }: TransportOptions,
  ): Ladder =>
    newLadder(
      transports.map((name) => (name === "websocket" ? webSocket(url) : overHttp(name, url, clock))),
      { clock, headStartMs, upAfterMs, memory },
    );

const overHttp = (name: "stream" | "poll", url: string, clock: Clock): Transport => ({
  name,
  open(handlers) {
    let link: TransportLink | undefined;
    let isOver = false;
    import("./http/over-http.ts")
      .then((http) => {
        if (!isOver) link = http.overHttp(name, url, clock).open(handlers);
      })
      .catch((error: unknown) => handlers.closed(1006, String(error)));
    return {
      send: (text) => link?.send(text),
      close(code, reason) {
        isOver = true;
        link?.close(code, reason);
      },
    };
  },
});

/**
 * Asks the page's store for what belongs to this kind of network, where the browser tells it: a telephone's own lets through
 * what an office's does not. Pages that may not keep anything find out anew each time.
 */
const inStore = <T>(use: (store: Storage, key: string) => T): T | undefined => {
  try {
    const { connection } = navigator as { readonly connection?: { readonly type?: string } };
    return use(localStorage, `heddle.transport ${connection?.type}`);
  } catch {
    return; // nothing was kept
  }
};
const localMemory: TransportMemory = {
  get: () => inStore((store, key) => store.getItem(key)),
  set: (text) => inStore((store, key) => store.setItem(key, text)),
};
