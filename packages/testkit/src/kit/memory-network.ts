// A network within the process: real clients reach a real server without a socket, each over a way of its own that can be
// cut, stalled, slowed and frozen. Knows bytes and links, no frame.

import { expectInteger, expectRange, OptionError, type Clock, type Random } from "@heddle/base";
import { SeededRandom } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";
import type { Transport, TransportHandlers, TransportLink } from "@heddle/client/core";
import type { Door } from "@heddle/server";
import type { Death } from "../faults/index.ts";
import { SimLink, type Listener } from "../simulation/sim-net.ts";
import type { Quality } from "../simulation/sim-pipe.ts";

export interface MemoryNetworkOptions {
  /** Time for everything on it: `virtualTime()`. Default: the machine's. */
  readonly clock?: Clock;
  /** Chance on this network follows from it. A whole number from 0 to 4_294_967_295, default 1. */
  readonly seed?: number;
}

/** What a server can be reached by: `createServer` gives one. */
export interface Openable {
  open(): Promise<Door>;
}

/**
 * Clients have names; a way belongs to a name, whoever connects over it. Without a fault in force everything arrives at
 * once, that is, at the next `settle` of a virtual clock.
 */
export interface MemoryNetwork {
  /** Options for `createServer`: time and chance. */
  serverOptions(): { readonly clock: Clock; readonly random: Random };
  /** Options for `createClient`: time, chance, and the way of this name. */
  clientOptions(name: string): { readonly clock: Clock; readonly random: Random; readonly transport: Transport };
  /**
   * Lets connections reach this server from now on, instead of the one before.
   *
   * @returns ends that: attempts are refused; open links stay
   * @throws {SetupError} `handlers-missing`; {OptionError} when the server lives in another time
   */
  listen(server: Openable): Promise<() => void>;
  /** As if the cable were pulled: open links break, and attempts fail after 50 ms until `cut(name, false)`. */
  cut(name: string, on?: boolean): void;
  /** Nothing passes and nobody is told, until `stall(name, false)`; then everything goes on, in order. Attempts wait. */
  stall(name: string, on?: boolean): void;
  /**
   * The reader stops: what the server sends fills the buffers between (64 KiB), then its queue. What the client sends
   * still passes. Until `freezeReader(name, false)`.
   */
  freezeReader(name: string, on?: boolean): void;
  /** Each message, both ways, takes this long. Milliseconds, 0…60_000; 0 ends it. Order is kept. @throws {OptionError} */
  delay(name: string, ms: number): void;
  /** Kills the open links once; the next attempt works. Default `at-once`. */
  kill(name: string, how?: Death): void;
  /** As `kill`, of everybody. */
  killAll(how?: Death): void;
  /** The server's side closes the open links with this code and reason, as a server may. */
  close(name: string, code: number, why?: string): void;
  /** Ends every fault in force. Links that died stay dead. */
  heal(): void;
  /** Open and opening links of this name. */
  linkCount(name: string): number;
}

/** @throws {OptionError} */
export function memoryNetwork({ clock = systemClock(), seed = 1 }: MemoryNetworkOptions = {}): MemoryNetwork {
  expectInteger("seed", seed, 0, 2 ** 32 - 1);
  return new Network(clock, seed);
}

const refusalMs = 50;
const delayMsMax = 60_000;
/** What both kernels' buffers hold of one direction. */
const bufferBytes = 65_536;
/** `ConnectionPort.writable`: the queue is back at this part of its limit. */
const lowPart = 4;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The way of one name. */
interface Way {
  readonly quality: Writable<Quality>;
  readonly links: Set<SimLink>;
  /** Links whose death nobody was told of: they stay stalled. */
  readonly dead: WeakSet<SimLink>;
  /** Attempts that wait for a stalled way. */
  readonly waiting: Set<() => void>;
  isCut: boolean;
  isStalled: boolean;
  isReaderFrozen: boolean;
}

class Network implements MemoryNetwork {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #ways = new Map<string, Way>();
  #door: Door | undefined;

  constructor(clock: Clock, seed: number) {
    this.#clock = clock;
    this.#random = new SeededRandom(seed);
  }

  serverOptions(): { readonly clock: Clock; readonly random: Random } {
    return { clock: this.#clock, random: this.#random.fork() };
  }

  clientOptions(name: string): { readonly clock: Clock; readonly random: Random; readonly transport: Transport } {
    const transport: Transport = { name: "memory", open: (handlers) => this.#open(name, handlers) };
    return { clock: this.#clock, random: this.#random.fork(), transport };
  }

  async listen(server: Openable): Promise<() => void> {
    const door = await server.open();
    if (door.clock !== this.#clock) throw new OptionError("server.clock", "another clock", "network.serverOptions()'s");
    this.#door = door;
    return () => {
      if (this.#door === door) this.#door = undefined;
    };
  }

  cut(name: string, on = true): void {
    const way = this.#way(name);
    way.isCut = on;
    if (on) this.kill(name);
  }

  stall(name: string, on = true): void {
    const way = this.#way(name);
    way.isStalled = on;
    for (const link of way.links) {
      if (on) link.stall("both", Infinity);
      else if (!way.dead.has(link)) link.resume();
    }
    if (on) return;
    for (const go of [...way.waiting]) go();
    way.waiting.clear();
  }

  freezeReader(name: string, on = true): void {
    const way = this.#way(name);
    way.isReaderFrozen = on;
    for (const link of way.links) link.freezeReader(on);
  }

  delay(name: string, ms: number): void {
    expectRange("delay", ms, 0, delayMsMax);
    this.#way(name).quality.latencyMs = ms;
  }

  kill(name: string, how: Death = "at-once"): void {
    const way = this.#way(name);
    for (const link of [...way.links]) {
      if (how === "at-once") link.reset();
      else {
        way.dead.add(link);
        link.stall("both", Infinity);
      }
    }
  }

  killAll(how?: Death): void {
    for (const name of this.#ways.keys()) this.kill(name, how);
  }

  close(name: string, code: number, why = ""): void {
    for (const { port } of this.#way(name).links) port?.close(code, why);
  }

  heal(): void {
    for (const name of this.#ways.keys()) {
      this.cut(name, false);
      this.stall(name, false);
      this.freezeReader(name, false);
      this.delay(name, 0);
    }
  }

  linkCount(name: string): number {
    return this.#way(name).links.size;
  }

  #way(name: string): Way {
    const known = this.#ways.get(name);
    if (known !== undefined) return known;
    const way: Way = {
      quality: { latencyMs: 0, jitterMs: 0, bytesPerMs: Infinity, bufferBytes },
      ...{ links: new Set(), dead: new WeakSet(), waiting: new Set() },
      ...{ isCut: false, isStalled: false, isReaderFrozen: false },
    };
    this.#ways.set(name, way);
    return way;
  }

  #open(name: string, handlers: TransportHandlers): TransportLink {
    const way = this.#way(name);
    const env = { world: this.#clock, random: this.#random.fork(), quality: way.quality };
    const link: SimLink = new SimLink(name, this.#clock, handlers, env, () => way.links.delete(link));
    way.links.add(link);
    this.#clock.after(way.isCut ? refusalMs : way.quality.latencyMs, () => this.#arrive(way, link));
    return link;
  }

  /** An attempt has come to the server's side, unless its way holds it back. */
  #arrive(way: Way, link: SimLink): void {
    if (link.isOver) return;
    if (way.isStalled) return void way.waiting.add(() => this.#arrive(way, link));
    if (way.isCut || this.#door?.isOpen !== true) return link.refuse();
    link.establish("memory", listenerOf(this.#door));
    if (way.isReaderFrozen) link.freezeReader(true);
  }
}

const listenerOf = (door: Door): Listener => ({
  clock: door.clock,
  queueLowBytes: door.queueBytes / lowPart,
  accept: (port) => door.accept(port, { address: "memory", transport: "websocket" }),
});
