// The ways to the server a person can choose from in the panel: the client's own choice, or one of the transports alone.

import { browserWebSocket } from "@heddle/client";
import { firstThatWorks, httpPoll, httpStream } from "@heddle/client/http";
import type { Transport } from "@heddle/client/core";

/** As the panel names them. */
export const wayWords = {
  automatic: "automatic",
  websocket: "WebSocket",
  stream: "stream",
  poll: "poll",
} as const;

export type Way = keyof typeof wayWords;

/** A transport that is whichever was chosen when a connection begins. */
export interface ChosenTransport extends Transport {
  choose(way: Way): void;
}

/** @param url  the server's endpoint, relative to the page */
export function chosenTransport(url: string): ChosenTransport {
  const [websocket, stream, poll] = [browserWebSocket(url), httpStream(url), httpPoll(url)];
  const ways: Record<Way, Transport> = {
    automatic: firstThatWorks([websocket, stream, poll]),
    ...{ websocket, stream, poll },
  };
  let way: Way = "automatic";
  return {
    get name() {
      return ways[way].name;
    },
    get why() {
      return way === "automatic" ? ways[way].why : "chosen here";
    },
    choose: (next) => void (way = next),
    open: (handlers) => ways[way].open(handlers),
  };
}
