// A transport that misbehaves on request: cut, frozen, killed or slow. Wraps any client transport, so that a page or a
// test can show what the client does about it. Knows no frame; runs in browsers.

import { expectInteger, expectRange, Signal, type Clock, type Observable } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import type { Transport, TransportHandlers, TransportLink } from "@heddle/client/core";
import { DelayLine } from "./delay-line.ts";

/** Close code of a link that ended without a closing handshake (RFC 6455 §7.4.1). */
const closedAbnormally = 1006;

export interface FaultStatus {
  readonly isCut: boolean;
  readonly isReaderFrozen: boolean;
  readonly delayMs: number;
  /** Links the client believes to be open or opening. */
  readonly linkCount: number;
  /** Incoming messages held back now. */
  readonly heldCount: number;
}

export interface FaultTransportOptions {
  readonly clock?: Clock;
  /** Bytes held back per link and direction before the link is killed. 1_024…67_108_864, default 4_194_304. */
  readonly heldBytesMax?: number;
}

/** How a link dies: `silent` – nothing passes any more and nobody is told; `at-once` – the client sees it close. */
export type Death = "silent" | "at-once";

export interface FaultTransport extends Transport {
  /** As if the cable were pulled: open links close, and attempts fail after 50 ms until `cut(false)`. */
  cut(on?: boolean): void;
  /**
   * The reader stops: messages (and a close behind them) wait, in order, until `freezeReader(false)`. Nothing is
   * acknowledged meanwhile, so the server sees a slow client. What the client sends still leaves.
   */
  freezeReader(on?: boolean): void;
  /** Kills the open links once; the next attempt works. Default `at-once`. */
  kill(how?: Death): void;
  /** Each message, both ways, takes this much longer. Milliseconds, 0…60_000; order is kept. @throws {OptionError} */
  delay(ms: number): void;
  readonly status: FaultStatus;
  /** Emits after every change of `status` that a call above caused, and when links come and go. */
  readonly changed: Observable<FaultStatus>;
}

/**
 * Wraps `inner`; without a fault in force every message passes at once and unchanged.
 *
 * @throws {OptionError} naming field, value and range
 */
export function faultTransport(inner: Transport, options: FaultTransportOptions = {}): FaultTransport {
  const { clock = systemClock(), heldBytesMax = 4_194_304 } = options;
  expectInteger("heldBytesMax", heldBytesMax, 1_024, 67_108_864);
  return new Faults(inner, clock, heldBytesMax);
}

const refusalMs = 50;
const delayMsMax = 60_000;

class Faults implements FaultTransport {
  readonly name: string;
  readonly changed = new Signal<FaultStatus>();
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #heldBytesMax: number;
  readonly #links = new Set<FaultLink>();
  #isCut = false;
  #isReaderFrozen = false;
  #delayMs = 0;

  constructor(inner: Transport, clock: Clock, heldBytesMax: number) {
    this.name = inner.name;
    this.#inner = inner;
    this.#clock = clock;
    this.#heldBytesMax = heldBytesMax;
  }

  get status(): FaultStatus {
    let heldCount = 0;
    for (const link of this.#links) heldCount += link.heldCount;
    return {
      isCut: this.#isCut,
      isReaderFrozen: this.#isReaderFrozen,
      delayMs: this.#delayMs,
      linkCount: this.#links.size,
      heldCount,
    };
  }

  open(handlers: TransportHandlers): TransportLink {
    const link: FaultLink = new FaultLink(handlers, this.#clock, this.#heldBytesMax, () => {
      this.#links.delete(link);
      this.#tell();
    });
    this.#links.add(link);
    if (this.#isCut) this.#clock.after(refusalMs, () => link.die("at-once"));
    else link.connect(this.#inner);
    link.setDelay(this.#delayMs);
    link.freeze(this.#isReaderFrozen);
    this.#tell();
    return link;
  }

  cut(on = true): void {
    this.#isCut = on;
    if (on) this.#killAll("at-once");
    this.#tell();
  }

  freezeReader(on = true): void {
    this.#isReaderFrozen = on;
    for (const link of [...this.#links]) link.freeze(on);
    this.#tell();
  }

  kill(how: Death = "at-once"): void {
    this.#killAll(how);
    this.#tell();
  }

  delay(ms: number): void {
    expectRange("delay", ms, 0, delayMsMax);
    this.#delayMs = ms;
    for (const link of this.#links) link.setDelay(this.#delayMs);
    this.#tell();
  }

  #killAll(how: Death): void {
    for (const link of [...this.#links]) link.die(how);
  }

  #tell(): void {
    this.changed.emit(this.status);
  }
}

/** One link: the client's end is `handlers`, the network's end is what the inner transport opened. */
class FaultLink implements TransportLink {
  readonly #handlers: TransportHandlers;
  readonly #clock: Clock;
  readonly #ended: () => void;
  readonly #in: DelayLine;
  readonly #out: DelayLine;
  #inner: TransportLink | undefined;
  #isOver = false;

  constructor(handlers: TransportHandlers, clock: Clock, heldBytesMax: number, ended: () => void) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#ended = ended;
    const full = (): void => this.die("at-once");
    this.#in = new DelayLine(clock, heldBytesMax, full);
    this.#out = new DelayLine(clock, heldBytesMax, full);
  }

  get heldCount(): number {
    return this.#in.waitingCount;
  }

  connect(transport: Transport): void {
    this.#inner = transport.open({
      opened: () => this.#in.push(0, () => this.#handlers.opened()),
      message: (text, cost) => this.#in.push(text.length, () => this.#handlers.message(text, cost)),
      closed: (code, reason) => this.#in.push(0, () => this.#finish(code, reason)),
    });
  }

  send(text: string): void {
    this.#out.push(text.length, () => this.#inner?.send(text));
  }

  close(code?: number, reason?: string): void {
    if (this.#inner === undefined) {
      // A dead wire reports nothing more, so the end is told from here: later, as every transport does.
      this.#clock.after(0, () => this.#finish(closedAbnormally, ""));
      return;
    }
    this.#out.push(0, () => this.#inner?.close(code, reason));
  }

  setDelay(ms: number): void {
    this.#in.delayMs = ms;
    this.#out.delayMs = ms;
  }

  freeze(on: boolean): void {
    this.#in.hold(on);
  }

  /** The wire is gone. When `silent`, the inner link stays until the server misses its pongs and closes it. */
  die(how: Death): void {
    if (this.#isOver) return;
    this.#in.die();
    this.#out.die();
    const inner = this.#inner;
    this.#inner = undefined;
    if (how === "silent") return;
    inner?.close();
    this.#finish(closedAbnormally, "");
  }

  #finish(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#in.die();
    this.#out.die();
    this.#ended();
    this.#handlers.closed(code, reason);
  }
}
