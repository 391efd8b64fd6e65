// One WebSocket that carries the sessions of several tabs, each of which the hub sees as a connection of its own. Knows
// which message is whose, and nothing of what frames say.

import { concatBytes, Signal, utf8Encode, type Clock } from "@heddle/base";
import { closeCodes, jsonCodec, parseTabMessage, tabEnd, wireLimits } from "@heddle/protocol";
import { isDroppable, type ConnectionPort, type ConnectionSink, type Frame, type Peer } from "@heddle/hub/ports";
import {
  opcodes,
  packFrame,
  type PreparedFrame,
  type WebSocketConnection,
  type WebSocketHandlers,
} from "@heddle/websocket";

/** RFC 6455 §7.4.1: a kind of data this endpoint does not take. */
const closeUnsupportedData = 1003;
/** As of a link that broke: the page that had the socket is not the page that had the session. */
const lostCode = 1006;

export interface SharedSocketOptions {
  readonly clock: Clock;
  /** Whether `accept` may be called. */
  isReady(): boolean;
  /** Counts an attempt of this address, as an upgrade request is counted. */
  addressRefusal(address: string): { readonly why: string } | undefined;
  accept(port: ConnectionPort, peer: Peer): ConnectionSink;
  report(error: unknown): void;
}

export class SharedSocket implements WebSocketHandlers {
  readonly #connection: WebSocketConnection;
  readonly #peer: Peer;
  readonly #options: SharedSocketOptions;
  readonly #sessions = new Map<number, TabPort>();
  #lastNumber = 0;

  constructor(connection: WebSocketConnection, peer: Peer, options: SharedSocketOptions) {
    this.#connection = connection;
    this.#peer = peer;
    this.#options = options;
  }

  start(): void {
    this.#connection.start(this);
  }

  onText(text: string): void {
    const message = parseTabMessage(text);
    if (message === undefined) return this.#connection.close(closeCodes.malformed.code, "no session's message");
    const { n } = message;
    if ("code" in message) return this.#sessions.get(n)?.ended(message.code, message.reason);
    if (n > this.#lastNumber) this.#begin(n);
    this.#sessions.get(n)?.receive(message.text);
  }

  onBinary(): void {
    this.#connection.close(closeUnsupportedData, "frames of this subprotocol are text");
  }

  onWritable(): void {
    for (const { writable } of this.#sessions.values()) writable.emit();
  }

  onClose(_code: number, reason: string): void {
    for (const port of this.#sessions.values()) port.ended(lostCode, reason);
  }

  #begin(n: number): void {
    this.#lastNumber = n;
    const { clock, report, isReady, addressRefusal, accept } = this.#options;
    const refuse = ({ code }: { readonly code: number }, why: string): void =>
      void this.#connection.sendText(tabEnd(n, code, why));
    if (!isReady()) return refuse(closeCodes.draining, "takes nobody new");
    if (this.#sessions.size >= wireLimits.tabCount) return refuse(closeCodes.overloaded, "too many tabs");
    const over = addressRefusal(this.#peer.address);
    if (over !== undefined) return refuse(closeCodes.rateLimited, over.why);
    const port = new TabPort(this.#connection, n, { clock, report, over: () => void this.#sessions.delete(n) });
    this.#sessions.set(n, port);
    port.start(accept(port, this.#peer));
  }
}

interface TabPortEnv {
  readonly clock: Clock;
  report(error: unknown): void;
  /** The session is over. */
  over(): void;
}

/** One session. Its queue is its part of the socket's; how full that is, all see alike. */
class TabPort implements ConnectionPort {
  readonly codec = jsonCodec;
  readonly windowed = true;
  readonly writable = new Signal<void>();
  readonly #connection: WebSocketConnection;
  readonly #number: number;
  readonly #head: Uint8Array;
  readonly #env: TabPortEnv;
  #sink: ConnectionSink | undefined;
  #isClosing = false;

  constructor(connection: WebSocketConnection, n: number, env: TabPortEnv) {
    this.#connection = connection;
    this.#number = n;
    this.#head = utf8Encode(`${n}\n`);
    this.#env = env;
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  start(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  send(frame: Frame): void {
    if (!this.#isClosing) this.#connection.send(new TabFrame(this, this.#head, frame));
  }

  takeBack(): readonly Frame[] {
    const isOurs = (pending: PreparedFrame): boolean =>
      pending instanceof TabFrame && pending.port === this && isDroppable(pending.frame);
    return this.#connection.takeBack(isOurs).map((taken) => (taken as TabFrame).frame);
  }

  close(code: number, why: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#env.over();
    this.#connection.sendText(tabEnd(this.#number, code, why));
    this.#env.clock.turnEnd(() => this.ended(code, why));
  }

  receive(text: string): void {
    if (this.#isClosing) return;
    try {
      this.#sink?.receive(text);
    } catch (thrown) {
      // One message met a bug. That session ends; the others on this socket go on.
      this.#env.report(thrown);
      this.close(closeCodes.internal.code, "internal error");
    }
  }

  /** The tab's side is gone, or the socket. */
  ended(code: number, reason: string): void {
    this.#isClosing = true;
    this.#env.over();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(code, reason);
  }
}

/** The hub's frame behind the number of its session. */
class TabFrame implements PreparedFrame {
  readonly wire: Uint8Array;
  readonly port: TabPort;
  readonly frame: Frame;

  constructor(port: TabPort, head: Uint8Array, frame: Frame) {
    this.wire = packFrame(opcodes.text, concatBytes([head, frame.bytes]));
    this.port = port;
    this.frame = frame;
  }
}
