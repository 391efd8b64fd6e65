// The WebSocket transport: which upgrade requests are taken, and the hub's view of the connections they become.

import type { IncomingMessage, Server } from "node:http";
import type { Clock, Random } from "@heddle/base";
import { tabsSubprotocol, wireLimits, type Codec } from "@heddle/protocol";
import type { ConnectionPort, ConnectionSink, Peer } from "@heddle/hub/ports";
import { createWebSocketServer, type WebSocketServer } from "@heddle/websocket";
import { originCheck, type Origins } from "./origin.ts";
import { WebSocketPort } from "./port.ts";
import { SharedSocket } from "./shared-socket.ts";
import { Subprotocols } from "./subprotocol.ts";

export interface WebSocketTransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Path answered; others are left to whoever else listens. */
  readonly path: string;
  readonly origins: Origins;
  /** Spoken besides JSON. */
  readonly codecs: readonly Codec[];
  /** Open connections; beyond that 503. */
  readonly maxConnections: number;
  /** The hub's queue limit: `writable` tells when a queue is back at a quarter of it. Bytes. */
  readonly queueBytes: number;
  /** Whether `accept` may be called. While not, upgrade requests are answered 503. */
  isReady(): boolean;
  clientAddress(socketAddress: string, headers: IncomingMessage["headers"]): string;
  /** Counts an attempt of this address; says why it is refused, if it is. */
  addressRefusal(address: string): { readonly retryAfterS: number; readonly why: string } | undefined;
  accept(port: ConnectionPort, peer: Peer): ConnectionSink;
  /** Told of errors that are bugs. */
  report(error: unknown): void;
}

/** A peer that answers no close frame within this is cut off, so that a server ends within two. Milliseconds. */
const closeTimeoutMs = 1_500;

export interface WebSocketTransport extends AsyncDisposable {
  readonly connectionCount: number;
  /** Answers `server`'s upgrade requests from now on, beside its other listeners. @returns ends that */
  attach(server: Server): () => void;
  /** Takes nobody new, closes everybody, and ends when all sockets are gone: within 1.5 s. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws {OptionError} naming the option */
export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  const { clock, random, path, maxConnections, queueBytes } = options;
  const isFromAllowedPage = originCheck(options.origins);
  const subprotocols = new Subprotocols(options.codecs);
  const server: WebSocketServer = createWebSocketServer({
    ...{ clock, random, path, maxConnections, closeTimeoutMs },
    // Sessions have a heartbeat of their own, in frames that pages can answer and see: two would be one too many.
    ping: false,
    // Larger ones are a broken or hostile peer: 1009. Between the frame limit and this the hub answers `too_large`.
    maxMessageBytes: wireLimits.frameBytes * wireLimits.oversizeFactor,
    highWaterBytes: queueBytes,
    selectProtocol: (offered) => subprotocols.select(offered),
    authorize: ({ headers, socket }) => {
      const over = options.addressRefusal(options.clientAddress(socket.remoteAddress ?? "", headers));
      if (over !== undefined)
        return { status: 429, reason: over.why, headers: { "Retry-After": String(over.retryAfterS) } };
      if (!isFromAllowedPage(headers)) return { status: 403, reason: "this page's origin is not allowed" };
      if (!options.isReady())
        return { status: 503, reason: "starting, stopping or short of memory", headers: { "Retry-After": "1" } };
      return undefined;
    },
    onConnection: (connection, { headers }) => {
      const hasOffered = headers["sec-websocket-protocol"] !== undefined;
      const peer: Peer = {
        address: options.clientAddress(connection.remoteAddress, headers),
        transport: "websocket",
      };
      if (connection.protocol === tabsSubprotocol) return new SharedSocket(connection, peer, options).start();
      const codec = subprotocols.codecOf(connection.protocol, hasOffered);
      if (codec === undefined) return subprotocols.refuse(connection);
      const port = new WebSocketPort(connection, codec, options.report);
      port.start(options.accept(port, peer));
    },
  });
  return server;
}
