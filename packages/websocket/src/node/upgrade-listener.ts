// Shares an HTTP server's upgrade requests with its other listeners. Node closes no upgrade that nobody takes, and tells
// nobody whether somebody did; so those that are left over are refused where it is certain that nobody wants them.

import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** What is asked of an HTTP server: `http.Server`, `https.Server`, and whatever a framework wraps one in. */
export type HttpServer = Pick<EventEmitter, "on" | "off" | "listeners">;

/** Who takes upgrade requests. */
export interface UpgradeTaker {
  /** False when the request is not its own; the socket is then untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Deals with a request that nobody takes. */
  refuseUnwanted(socket: Duplex): void;
}

const isOurs = Symbol("listener of this package");
const isTaken = Symbol("taken by a listener of this package");

type Listener = ((request: IncomingMessage & { [isTaken]?: true }, socket: Duplex, head: Buffer) => void) & {
  [isOurs]?: true;
};

/**
 * Offers the upgrade requests of `server` to `taker` from now on. One that it does not take is refused when all listeners
 * are of this package, this is the last of them, and none took it; any other listener may still answer, and keeps it.
 *
 * @returns ends that
 */
export function listenForUpgrades(server: HttpServer, taker: UpgradeTaker): () => void {
  const onUpgrade: Listener = (request, socket, head) => {
    if (taker.handleUpgrade(request, socket, head)) request[isTaken] = true;
    else if (request[isTaken] === undefined && isLastOfOurs(server, onUpgrade)) taker.refuseUnwanted(socket);
  };
  onUpgrade[isOurs] = true;
  server.on("upgrade", onUpgrade);
  return () => void server.off("upgrade", onUpgrade);
}

function isLastOfOurs(server: HttpServer, listener: Listener): boolean {
  const all = server.listeners("upgrade") as Listener[];
  return all.at(-1) === listener && all.every((each) => each[isOurs] === true);
}
