// The server side: answers upgrade requests of an HTTP server it does not own, and keeps the connections it made.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { expectInteger, OptionError, type Clock, type Random } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { closeCodes } from "../core/close-code.ts";
import { resolveDeflate, type DeflateChoice } from "../deflate/deflate-options.ts";
import { DeflateKit } from "../deflate/deflate-kit.ts";
import { acceptDeflate } from "../deflate/negotiation.ts";
import { RateAllowance } from "../core/rate-allowance.ts";
import { refuse, type Refusal } from "../handshake/refusal.ts";
import { acceptanceText, isRefusal, pathOf, readOffer } from "../handshake/server-handshake.ts";
import { resolveConnection, type ConnectionOptions } from "./connection-options.ts";
import { connectionKit, type ConnectionKit } from "./connection-kit.ts";
import { WebSocketConnection } from "./connection.ts";
import { prepareSocket } from "./prepare-socket.ts";
import { listenForUpgrades, type HttpServer } from "./upgrade-listener.ts";

export interface WebSocketServerOptions extends ConnectionOptions, DeflateChoice {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /**
   * Path answered, without query and as it stands in the request, or what tells whether a path is answered. Requests for
   * others are left to other upgrade listeners. Default: any path.
   */
  readonly path?: string | ((path: string, request: IncomingMessage) => boolean);
  /** Open connections; beyond that 503. 1…10_000_000, default 100_000. */
  readonly maxConnections?: number;
  /**
   * Most handshakes a second on average, and at most twice as many at once; beyond that 503. 1…10_000_000, 0 for no
   * limit, default 10_000. What is no good handshake is not counted.
   */
  readonly maxHandshakesPerSecond?: number;
  /**
   * Picks one of the subprotocols the client offers, in its order of preference; undefined picks none. Called only when
   * some are offered. A throw, or another name, is answered 500 and thrown. Default: none.
   */
  selectProtocol?(offered: readonly string[], request: IncomingMessage): string | undefined;
  /**
   * The last word on a well-formed handshake, by its Origin, cookies or address: undefined accepts. A throw is answered
   * 500 and goes on to the caller.
   */
  authorize?(request: IncomingMessage): Refusal | undefined;
  /** Takes a connection. Nothing is read from it before its `start`. A throw ends it and goes on to the caller. */
  onConnection(connection: WebSocketConnection, request: IncomingMessage): void;
}

export const serverDefaults = { maxConnections: 100_000, maxHandshakesPerSecond: 10_000 } as const;

export interface WebSocketServer extends AsyncDisposable {
  /** Connections whose socket is not gone yet. */
  readonly connectionCount: number;
  /**
   * Answers one upgrade request: with 101 and a connection, or with an HTTP error. Never throws for what a peer sent.
   *
   * @returns false when the path is not ours; the socket is then untouched. What to do with it is the caller's
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /**
   * Answers the upgrade requests of `server` from now on, beside its other listeners. A path that nobody wants is answered
   * 404 when all listeners are of this package; while there are others, it is left to them.
   *
   * @returns ends that
   */
  attach(server: HttpServer): () => void;
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
  readonly #handshakes: RateAllowance | undefined;
  readonly #kit: ConnectionKit;
  readonly #zip: DeflateKit | undefined;
  readonly #detachers = new Set<() => void>();
  #whenEmpty: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: WebSocketServerOptions) {
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? serverDefaults.maxConnections;
    expectInteger("maxConnections", this.#maxConnections, 1, 10_000_000);
    const { path, clock = systemClock(), random = systemRandom(), maxHandshakesPerSecond } = options;
    this.#handshakes = handshakeAllowance(clock, maxHandshakesPerSecond);
    if (path !== undefined && typeof path !== "function" && !/^\/[^?#\s]*$/.test(path)) {
      throw new OptionError("path", path, "a path that begins with / and has no query");
    }
    const deflate = resolveDeflate(options.deflate);
    this.#zip = deflate === undefined ? undefined : new DeflateKit(deflate);
    this.#kit = connectionKit("server", clock, random, resolveConnection(options), () => {
      if (this.#kit.members.size === 0) this.#whenEmpty?.();
    });
  }

  get connectionCount(): number {
    return this.#kit.members.size;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (!this.#guard(socket, () => this.#isOurs(request))) return false;
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy(); // gone while its owner took time to hand it over: its end would never be told again
      return true;
    }
    const offer = readOffer(request);
    if (isRefusal(offer)) return this.#refuse(socket, offer);
    const refusal = this.#refusalOf(request, socket);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    const protocol = offer.protocols.length > 0 ? this.#select(offer.protocols, request, socket) : "";
    prepareSocket(socket);
    // §5.8, §9: one of the extensions offered, or none.
    const accepted = this.#zip === undefined ? undefined : acceptDeflate(offer.extensions, this.#zip.options);
    const deflate = accepted === undefined ? undefined : this.#zip?.connect(accepted.terms);
    const answer = Buffer.from(acceptanceText(offer.key, protocol, accepted?.answer), "latin1");
    const connection = new WebSocketConnection(this.#kit, socket, { protocol, deflate }, head, answer);
    this.#introduce(connection, request);
    return true;
  }

  attach(server: HttpServer): () => void {
    const end = listenForUpgrades(server, {
      handleUpgrade: (request, socket, head) => this.handleUpgrade(request, socket, head),
      refuseUnwanted: (socket) => void this.#refuse(socket, { status: 404, reason: "nothing here" }), // §4.2.2
    });
    const detach = (): void => {
      end();
      this.#detachers.delete(detach);
    };
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

  #isOurs(request: IncomingMessage): boolean {
    const { path: wanted } = this.#options;
    if (wanted === undefined) return true;
    const path = pathOf(request.url);
    if (path === undefined) return false;
    return typeof wanted === "function" ? wanted(path, request) : path === wanted;
  }

  /** Why a well-formed request is not accepted, if so. */
  #refusalOf(request: IncomingMessage, socket: Duplex): Refusal | undefined {
    const reason = this.#whyUnavailable();
    if (reason !== undefined) return { status: 503, reason, headers: { "Retry-After": "1" } };
    return this.#guard(socket, () => this.#options.authorize?.(request));
  }

  #whyUnavailable(): string | undefined {
    if (this.#stopped !== undefined) return "server stopping";
    if (this.#kit.members.size >= this.#maxConnections) return "too many connections";
    if (this.#handshakes?.take() === false) return `over ${this.#handshakes.perSecond} handshakes a second`;
    return undefined;
  }

  #introduce(connection: WebSocketConnection, request: IncomingMessage): void {
    try {
      this.#options.onConnection(connection, request);
    } catch (thrown) {
      connection.terminate(); // nobody would read it
      throw thrown;
    }
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
      this.#answer(socket, { status: 500, reason: "internal error" });
      throw thrown;
    }
  }

  /** Answers with an HTTP error and closes. Always true: the request is dealt with. A bad refusal is the owner's. */
  #refuse(socket: Duplex, refusal: Refusal): true {
    this.#guard(socket, () => this.#answer(socket, refusal));
    return true;
  }

  #answer(socket: Duplex, refusal: Refusal): void {
    refuse(socket, refusal, this.#kit, this.#kit.limits.closeTimeoutMs);
  }
}

function handshakeAllowance(
  clock: Clock,
  perSecond: number = serverDefaults.maxHandshakesPerSecond,
): RateAllowance | undefined {
  if (perSecond === 0) return undefined;
  expectInteger("maxHandshakesPerSecond", perSecond, 1, 10_000_000);
  return new RateAllowance(perSecond, () => clock.monotonicMs());
}
