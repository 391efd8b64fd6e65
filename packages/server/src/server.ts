// The server an application holds: a contract with rules and handlers, a hub behind it, and the sockets in front.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { base64urlEncode, expectRange, messageOf, OptionError, type Clock } from "@heddle/base";
import { isUserId, toWirePos, type Guarantee, type WirePos } from "@heddle/protocol";
import type { CallName, ChannelKey, Contract, NoticeInput, NoticeName } from "@heddle/protocol/contract";
import { Hub, hubLimits, type DrainOptions, type HubLimits, type NodeStates, type RevocationTarget } from "@heddle/hub";
import type { Authenticator, ConnectionPort, ConnectionSink, HubCounters, Peer } from "@heddle/hub/ports";
import { AddressGate, type AddressCounters } from "./addresses/address-gate.ts";
import { counted } from "./addresses/counted.ts";
import { ContractApplication } from "./contract/application.ts";
import { ConnectionRecipient, noticeOf, UserRecipient, type RecipientEnv } from "./contract/recipients.ts";
import { Faults } from "./contract/refusal.ts";
import { ServerChannel } from "./contract/server-channel.ts";
import { Setup, SetupError, type CallHandler } from "./contract/setup.ts";
import type { CallFunction } from "./contract/types.ts";
import { nodeDigest } from "./digest.ts";
import { createOwnServer, startListening, type Address, type ListenOptions } from "./http/own-server.ts";
import { processMemory } from "./memory.ts";
import { resolveServer, type ServerOptions, type Settings } from "./options.ts";
import { jsonAnswer } from "./transport-http/http-answer.ts";
import { requestOf, sendAnswer } from "./transport-http/node-http.ts";
import { HttpTransport } from "./transport-http/transport.ts";
import { originCheck } from "./transport-websocket/origin.ts";
import { webSocketBulkSender } from "./transport-websocket/port.ts";
import { createWebSocketTransport, type WebSocketTransport } from "./transport-websocket/transport.ts";

/** Numbers about this process. Counters rise from its start. */
export interface ServerStats {
  /** Name of this node; undefined before it started. */
  readonly node: string | undefined;
  readonly connections: number;
  /** Channels held at the moment. */
  readonly channels: number;
  readonly draining: boolean;
  /** Since the start. Milliseconds. */
  readonly uptimeMs: number;
  /** What the engine in force guarantees. */
  readonly guarantee: Guarantee | undefined;
  readonly counters: Readonly<HubCounters> | undefined;
  /** Of limits by client address. */
  readonly addresses: Readonly<AddressCounters>;
}

export interface CloseOptions {
  /** Clients come back, elsewhere, at a moment of their own within this time. Milliseconds, 0…600_000, default 1_000. */
  readonly spreadMs?: number;
}

/** Takes connections that no socket of this server brought. */
export interface Door {
  /** Whether `accept` may be called: not any more once the server closes. */
  readonly isOpen: boolean;
  /** The server's. */
  readonly clock: Clock;
  /** A connection's queue limit: a port tells `writable` when its queue is back at a quarter of it. Bytes. */
  readonly queueBytes: number;
  /** @returns what takes the connection's messages and its end */
  accept(port: ConnectionPort, peer: Peer): ConnectionSink;
}

/**
 * A server for this contract. It takes nobody before `listen`, `attach` or `open`.
 *
 * @throws {OptionError} naming the option
 */
export function createServer<const C extends Contract>(options: ServerOptions<C>): HeddleServer<C> {
  return new HeddleServer(resolveServer(options));
}

export class HeddleServer<C extends Contract> implements AsyncDisposable {
  readonly #settings: Settings<C>;
  readonly #setup = new Setup();
  readonly #application: ContractApplication;
  readonly #authenticator: Authenticator;
  readonly #addresses: AddressGate;
  readonly #transport: WebSocketTransport;
  readonly #http: HttpTransport;
  readonly #recipients: RecipientEnv;
  readonly #startedMs: number;
  #opening: Promise<Hub> | undefined;
  #hub: Hub | undefined;
  #own: Server | undefined;
  #address: Address | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(settings: Settings<C>) {
    const { contract, auth, clock, random, logger, path, origins, codecs, limits } = settings;
    this.#settings = settings;
    this.#startedMs = clock.monotonicMs();
    this.#application = new ContractApplication(contract, this.#setup, {
      faults: new Faults(logger, random),
      opensChannelsToAnonymous: auth.opensChannelsToAnonymous,
      wallMs: () => clock.wallMs(),
    });
    this.#authenticator = auth.open({ clock, logger });
    this.#recipients = { contract, hub: () => this.#open() };
    const { maxConnections, queueBytes, httpBodyBytes, httpBodyMs } = limits;
    this.#addresses = new AddressGate(clock, limits, settings.knowsProxies);
    const door = {
      ...{ clock, path, maxConnections, queueBytes, clientAddress: settings.clientAddress },
      addressRefusal: (address: string) => this.#addresses.refusal(address),
      isReady: () => this.#isReady && (this.#hub?.takesNewcomers ?? false),
      accept: (port: ConnectionPort, peer: Peer) =>
        counted((this.#hub as Hub).accept(port, peer), this.#addresses.opened(peer.address)),
    };
    this.#http = new HttpTransport({
      ...door,
      cookie: settings.cookie,
      ...{ bodyBytes: httpBodyBytes, bodyMs: httpBodyMs },
      isFromAllowedPage: originCheck(origins),
      newProducerId: () => base64urlEncode(random.bytes(12)),
    });
    this.#transport = createWebSocketTransport({
      ...door,
      ...{ random, origins, codecs },
      report: (error) =>
        logger.error({ error, reason: messageOf(error) }, "a message met a bug; its connection was closed"),
    });
  }

  // ── rules and handlers ────────────────────────────────────────────────────────────────────────────────────────────

  /** One kind of channel of the contract. @throws {OptionError} when there is none of this key */
  channel<K extends ChannelKey<C>>(key: K): ServerChannel<C, K> {
    const { contract } = this.#settings;
    if (!Object.hasOwn(contract.channels, key)) throw unknown("channel", key, contract.channels);
    return new ServerChannel(contract, key, this.#setup, () => this.#open());
  }

  /**
   * Answers a call of the contract; every call needs one before `listen`.
   *
   * @throws {OptionError} when there is none of this name; {SetupError} the second time, or after the start
   */
  call<N extends CallName<C>>(name: N, handler: CallFunction<C, N>): this {
    const { contract } = this.#settings;
    if (!Object.hasOwn(contract.calls, name)) throw unknown("call", name, contract.calls);
    this.#setup.setCallHandler(name, handler as CallHandler);
    return this;
  }

  // ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** All connections of a user. @throws {OptionError} when this can be nobody's id: empty, or too long */
  user(id: string): UserRecipient<C> {
    if (!isUserId(id)) throw new OptionError("user", id, "a text that fits into a channel's name");
    return new UserRecipient(this.#recipients, id);
  }

  /** One connection by its public id (`client.connectionId`, a handler's `connectionId`). */
  connection(id: string): ConnectionRecipient<C> {
    return new ConnectionRecipient(this.#recipients, id);
  }

  /** A notice to everyone, kept for those offline (the newest 100, a day). @throws {HubError} */
  async broadcast<N extends NoticeName<C>>(
    notice: N,
    payload: NoticeInput<C, N>,
  ): Promise<{ position: WirePos | undefined }> {
    const publication = await noticeOf(this.#recipients, notice, payload);
    const hub = await this.#open();
    const { position } = await hub.broadcast(publication);
    return { position: position && toWirePos(position) };
  }

  /**
   * Takes tokens back, on every node: those of a user, of one connection, one token by its `jti`, or all with a claim. Their
   * sessions end within a second (4102), and no new one begins with them. Tokens issued 5 s later, by `iat`, are good again;
   * one without `iat`, or taken back by its `jti`, is not while the revocation is kept (`revocationKeepMs`).
   *
   * @returns `missing`: nodes that did not confirm it; they learn it from the log
   * @throws {HubError} when the store did not take it; {OptionError} for a target that is none
   */
  async revoke(target: RevocationTarget, why?: string): Promise<{ readonly missing: readonly string[] }> {
    const hub = await this.#open();
    return hub.revoke(target, why);
  }

  /** How every node is. */
  async nodes(): Promise<NodeStates> {
    const hub = await this.#open();
    return hub.nodes();
  }

  // ── life ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts an HTTP server of its own: the transports, `GET /healthz`, and the application's `handler`.
   *
   * @throws {SetupError} `handlers-missing`, `already-started`; {OptionError}; the socket's error when the port is taken
   */
  async listen(options: ListenOptions): Promise<Address> {
    if (this.#own !== undefined) throw new SetupError("already-started", "listen: listening already");
    this.#application.start();
    const { logger, path, limits } = this.#settings;
    const own = createOwnServer(options.handler, {
      ...{ logger, path, socketsMax: limits.socketsMax, handshakeMs: limits.handshakeMs },
      transport: (request, response) => this.handleRequest(request, response),
      isReady: () => this.#isReady && (this.#hub?.takesNewcomers ?? false),
      isDraining: () => this.#isLeaving,
    });
    this.#own = own;
    const detach = this.#transport.attach(own);
    try {
      const hub = await this.#open();
      const address = await startListening(own, options);
      if (this.#closing !== undefined) throw closedError();
      this.#address = address;
      logger.info({ ...address, node: hub.nodeName, guarantee: hub.guarantee }, "listening");
      return address;
    } catch (error) {
      detach();
      own.close();
      this.#own = undefined;
      throw error;
    }
  }

  /**
   * Takes the upgrade requests for this server's path on an HTTP server of the application, beside others who listen
   * there. Closing that server is the application's. Until the result resolves, clients are answered 503.
   *
   * @returns ends that
   * @throws {SetupError} `handlers-missing`
   */
  async attach(server: Server): Promise<() => void> {
    this.#application.start();
    const detach = this.#transport.attach(server);
    try {
      await this.#open();
    } catch (error) {
      detach();
      throw error;
    }
    return detach;
  }

  /**
   * Answers a request for one of the HTTP transport's addresses: `…/stream`, `…/poll` and `…/frames` below `path`. For
   * servers of the application, which offer it every request first; `listen` does that by itself.
   *
   * @returns false for every other request, which is then untouched
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#http.takes(request.url ?? "")) return false;
    this.#http.answer(requestOf(request, response)).then(
      (given) => sendAnswer(given, response),
      (error: unknown) => {
        this.#settings.logger.error({ error, reason: messageOf(error) }, "a request met a bug");
        sendAnswer(jsonAnswer(500, { error: "internal error" }), response);
      },
    );
    return true;
  }

  /**
   * Starts without a socket, for connections that come another way: over the test kit's network in memory.
   *
   * @throws {SetupError} `handlers-missing`
   */
  async open(): Promise<Door> {
    this.#application.start();
    const hub = await this.#open();
    const { clock, limits } = this.#settings;
    const isOpen = (): boolean => this.#isReady;
    return {
      get isOpen() {
        return isOpen();
      },
      ...{ clock, queueBytes: limits.queueBytes },
      accept: (port, peer) => hub.accept(port, peer),
    };
  }

  /** Where `listen` listens. */
  get address(): Address | undefined {
    return this.#address;
  }

  stats(): ServerStats {
    const hub = this.#hub;
    return {
      node: hub?.nodeName,
      connections: this.#transport.connectionCount + this.#http.connectionCount,
      channels: hub?.channelCount ?? 0,
      draining: this.#isLeaving,
      uptimeMs: this.#settings.clock.monotonicMs() - this.#startedMs,
      guarantee: hub?.guarantee,
      counters: hub?.counters,
      addresses: this.#addresses.counters,
    };
  }

  /**
   * Leaves without a wave: newcomers are answered 503 and `/healthz` says so from now on, clients are told to go elsewhere
   * a part at a time, and when the last has gone everything is closed. A second call waits for the first; `close` cuts it
   * short.
   *
   * @throws {OptionError}
   */
  drain(options?: DrainOptions): Promise<void> {
    return (this.#draining ??= this.#drain(options).catch((error: unknown) => {
      this.#draining = undefined;
      throw error;
    }));
  }

  /**
   * Tells every client to come back elsewhere, then closes everything: within 2 s. A second call waits for the first.
   *
   * @throws {OptionError}
   */
  async close({ spreadMs = 1_000 }: CloseOptions = {}): Promise<void> {
    expectRange("close.spreadMs", spreadMs, 0, 600_000);
    return (this.#closing ??= this.#close(spreadMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isReady(): boolean {
    return this.#hub !== undefined && !this.#isLeaving;
  }

  get #isLeaving(): boolean {
    return this.#draining !== undefined || this.#closing !== undefined;
  }

  /** The hub, opened at first need. A failure is told to whoever asked; the next one tries again. */
  #open(): Promise<Hub> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return (this.#opening ??= this.#openHub().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    }));
  }

  async #openHub(): Promise<Hub> {
    const { engine, clock, random, secret, limits } = this.#settings;
    const ofHub = Object.fromEntries(Object.keys(hubLimits).map((name) => [name, limits[name as keyof HubLimits]]));
    this.#hub = await Hub.open({
      ...{
        engine,
        clock,
        random,
        limits: ofHub as Partial<HubLimits>,
        clusterSecret: secret,
        digest: nodeDigest,
        memory: processMemory,
      },
      application: this.#application,
      authenticator: this.#authenticator,
      bulkSender: webSocketBulkSender,
    });
    return this.#hub;
  }

  async #drain(options?: DrainOptions): Promise<void> {
    // An opening that fails was told to whoever asked for it.
    const hub = await this.#opening?.catch(() => undefined);
    await hub?.moveOut(options);
    await this.close();
  }

  async #close(spreadMs: number): Promise<void> {
    // An opening that fails was told to whoever asked for it.
    const hub = await this.#opening?.catch(() => undefined);
    const own = this.#own;
    const ownClosed = own?.listening ? new Promise<void>((resolve) => own.close(() => resolve())) : undefined;
    await hub?.drain({ spreadMs });
    await this.#transport[Symbol.asyncDispose]();
    own?.closeAllConnections();
    await ownClosed;
    await hub?.close();
  }
}

const closedError = (): SetupError => new SetupError("closed", "the server is closed");

function unknown(kind: string, name: string, known: object): OptionError {
  return new OptionError(
    kind,
    name,
    `one of ${Object.keys(known).join(", ") || "none: the contract has no such part"}`,
  );
}
