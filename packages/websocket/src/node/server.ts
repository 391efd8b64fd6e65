// The server side: answers upgrade requests of an HTTP server it does not own, and keeps the connections it made.

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { expectInteger, OptionError, type Clock, type Random } from "@heddle/base";
import { closeCodes } from "../core/close-code.ts";
import { acceptanceText, isRefusal, readOffer, refusalText, type Refusal } from "../handshake/server-handshake.ts";
import { resolveConnection, type ConnectionOptions } from "./connection-options.ts";
import { connectionKit, type ConnectionKit } from "./connection-kit.ts";
import { WebSocketConnection } from "./connection.ts";
import { prepareSocket } from "./prepare-socket.ts";

export interface WebSocketServerOptions extends ConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Path answered, without query; requests for another are left to other upgrade listeners. Default: any path. */
  readonly path?: string;
  /** Open connections; beyond that 503. 1…10_000_000, default 100_000. */
  readonly maxConnections?: number;
  /**
   * Picks one of the subprotocols the client offers, in its order of preference; undefined picks none. Called only when
   * some are offered. A throw, or another name, is answered 500 and thrown. Default: none.
   */
  selectProtocol?(offered: readonly string[], request: IncomingMessage): string | undefined;
  /** The last word on a well-formed handshake: undefined accepts. A throw is answered 500 and goes on to the caller. */
  authorize?(request: IncomingMessage): Refusal | undefined;
  /** Takes a connection. Nothing is read from it before its `start`. */
  onConnection(connection: WebSocketConnection, request: IncomingMessage): void;
}

export const serverDefaults = { maxConnections: 100_000 } as const;

export interface WebSocketServer extends AsyncDisposable {
  /** Connections whose socket is not gone yet. */
  readonly connectionCount: number;
  /**
   * Answers one upgrade request: with 101 and a connection, or with an HTTP error. Never throws for what a peer sent.
   *
   * @returns false when the path is not ours; the socket is then untouched
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /**
   * Answers the upgrade requests of `server` from now on, beside its other listeners. A path nobody can want, because
   * there is no other listener, is answered 404.
   *
   * @returns ends that
   */
  attach(server: Server): () => void;
  /** Starts the closing handshake on every connection. @throws {OptionError} as `WebSocketConnection.close` */
  closeAll(code?: number, reason?: string): void;
  /** Refuses newcomers with 503, closes all with 1001, and ends when every socket is gone: within `closeTimeoutMs`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a server without a socket of its own: give it upgrade requests by `attach` or `handleUpgrade`. */
export function createWebSocketServer(options: WebSocketServerOptions): WebSocketServer {
  return new UpgradeServer(options);
}

class UpgradeServer implements WebSocketServer {
  readonly #options: WebSocketServerOptions;
  readonly #maxConnections: number;
  readonly #kit: ConnectionKit;
  readonly #detachers = new Set<() => void>();
  #whenEmpty: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: WebSocketServerOptions) {
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? serverDefaults.maxConnections;
    expectInteger("maxConnections", this.#maxConnections, 1, 10_000_000);
    if (options.path !== undefined && !/^\/[^?#\s]*$/.test(options.path)) {
      throw new OptionError("path", options.path, "a path that begins with / and has no query");
    }
    this.#kit = connectionKit("server", options.clock, options.random, resolveConnection(options), () => {
      if (this.#kit.members.size === 0) this.#whenEmpty?.();
    });
  }

  get connectionCount(): number {
    return this.#kit.members.size;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { path } = this.#options;
    if (path !== undefined && pathOf(request) !== path) return false;
    const offer = readOffer(request);
    if (isRefusal(offer)) return this.#refuse(socket, offer);
    const refusal = this.#refusalOf(request, socket);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    const protocol = offer.protocols.length > 0 ? this.#select(offer.protocols, request, socket) : "";
    prepareSocket(socket);
    const answer = Buffer.from(acceptanceText(offer.key, protocol), "latin1");
    const connection = new WebSocketConnection(this.#kit, socket, protocol, head, answer);
    this.#options.onConnection(connection, request);
    return true;
  }

  attach(server: Server): () => void {
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (this.handleUpgrade(request, socket, head)) return;
      if (server.listenerCount("upgrade") === 1) this.#refuse(socket, { status: 404, reason: "nothing here" });
    };
    const detach = (): void => {
      server.off("upgrade", onUpgrade);
      this.#detachers.delete(detach);
    };
    server.on("upgrade", onUpgrade);
    this.#detachers.add(detach);
    return detach;
  }

  closeAll(code?: number, reason?: string): void {
    for (const connection of this.#kit.members) connection.close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.closeAll(closeCodes.goingAway, "server stopping");
    if (this.#kit.members.size > 0) await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
    for (const detach of this.#detachers) detach();
  }

  /** Why a well-formed request is not accepted, if so. */
  #refusalOf(request: IncomingMessage, socket: Duplex): Refusal | undefined {
    const isFull = this.#kit.members.size >= this.#maxConnections;
    if (isFull || this.#stopped !== undefined) {
      const reason = isFull ? "too many connections" : "server stopping";
      return { status: 503, reason, headers: { "Retry-After": "1" } };
    }
    return this.#guard(socket, () => this.#options.authorize?.(request));
  }

  #select(offered: readonly string[], request: IncomingMessage, socket: Duplex): string {
    return this.#guard(socket, () => {
      const chosen = this.#options.selectProtocol?.(offered, request);
      if (chosen === undefined) return "";
      if (!offered.includes(chosen)) throw new OptionError("selectProtocol", chosen, `one of ${offered.join(", ")}`);
      return chosen;
    });
  }

  /** Runs the owner's code. When it throws, the peer gets an answer before the caller gets the error. */
  #guard<T>(socket: Duplex, run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      this.#refuse(socket, { status: 500, reason: "internal error" });
      throw thrown;
    }
  }

  /** Answers with an HTTP error and closes. Always true: the request is dealt with. */
  #refuse(socket: Duplex, refusal: Refusal): true {
    const timer = this.#kit.clock.after(this.#kit.limits.closeTimeoutMs, () => socket.destroy());
    socket.on("error", ignore).on("close", () => timer[Symbol.dispose]());
    socket.on("finish", () => socket.destroy());
    socket.end(refusalText(refusal));
    return true;
  }
}

/** A refused peer that is gone already misses nothing; 'close' follows. */
function ignore(): void {}

const pathOf = (request: IncomingMessage): string => (request.url ?? "").split("?", 1)[0] as string;
