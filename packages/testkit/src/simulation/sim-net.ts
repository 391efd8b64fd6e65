// The network between clients and servers: connections that open late, lose their way, break on one or both sides. Each
// client has a name and a way of its own quality; servers are whoever listens at an address, drawn anew per connection.

import { Signal, type Clock } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";
import type { Transport, TransportHandlers, TransportLink } from "@heddle/client/core";
import type { ConnectionSink } from "@heddle/hub/ports";
import { SimPipe, type Quality } from "./sim-pipe.ts";
import { SimPort, type ClientEnd } from "./sim-port.ts";

const closedAbnormally = 1006;
/** How long a closing handshake may take before the side that began it gives up. Milliseconds. */
const closeTimeoutMs = 2_000;

/** A server process that accepts connections. */
export interface Listener {
  readonly clock: Clock;
  /** Its connections' queues are low below this. Bytes. */
  readonly queueLowBytes: number;
  accept(port: SimPort): ConnectionSink;
}

/** One client's way to the server. */
interface Way {
  quality: Quality;
  cutUntilMs: number;
}

export class SimNet {
  readonly #world: Clock;
  readonly #random: SeededRandom;
  readonly #ways = new Map<string, Way>();
  readonly #links = new Set<SimLink>();
  readonly #addresses = new Map<string, Listener | undefined>();
  /** A link is open on both sides. */
  readonly opened = new Signal<SimLink>();

  constructor(world: Clock, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** Replaces the process that listens there; undefined: attempts are refused. Open links are the caller's to break. */
  listen(address: string, listener: Listener | undefined): void {
    this.#addresses.set(address, listener);
  }

  setQuality(client: string, quality: Quality): void {
    this.#wayOf(client).quality = quality;
  }

  /** The transport of one client process; `clock` is that process's. */
  transport(client: string, clock: Clock): Transport {
    return { name: "simulated", open: (handlers) => this.#open(client, clock, handlers) };
  }

  /** Open and opening links, of one client or of all. */
  links(client?: string): readonly SimLink[] {
    return [...this.#links].filter((link) => client === undefined || link.client === client);
  }

  /** Nothing passes between this client and the server for a while; connections opened meanwhile wait as well. */
  cut(client: string, forMs: number): void {
    this.#wayOf(client).cutUntilMs = this.#world.monotonicMs() + forMs;
    for (const link of this.links(client)) link.stall("both", forMs);
  }

  #wayOf(client: string): Way {
    let way = this.#ways.get(client);
    if (way === undefined) {
      const quality = { latencyMs: 5, jitterMs: 1, bytesPerMs: 1_000, bufferBytes: 65_536 };
      this.#ways.set(client, (way = { quality, cutUntilMs: 0 }));
    }
    return way;
  }

  #open(client: string, clock: Clock, handlers: TransportHandlers): TransportLink {
    const way = this.#wayOf(client);
    const env = { world: this.#world, random: this.#random.fork(), quality: way.quality };
    const link: SimLink = new SimLink(client, clock, handlers, env, () => this.#links.delete(link));
    this.#links.add(link);
    const waitMs = Math.max(0, way.cutUntilMs - this.#world.monotonicMs()) + 2 * way.quality.latencyMs;
    this.#world.after(waitMs, () => {
      if (link.isOver) return;
      const addresses = [...this.#addresses];
      if (addresses.length === 0) return link.refuse();
      const [address, listener] = this.#random.pick(addresses);
      if (listener === undefined) return link.refuse();
      link.establish(address, listener);
      this.opened.emit(link);
    });
    return link;
  }
}

/** One connection: the client's end, the server's end, and a pipe each way. */
export class SimLink implements TransportLink, ClientEnd {
  readonly client: string;
  readonly #world: Clock;
  readonly #clock: Clock;
  readonly #handlers: TransportHandlers;
  readonly #latencyMs: number;
  readonly #up: SimPipe;
  readonly #down: SimPipe;
  readonly #gone: () => void;
  readonly #joinsFrames: boolean;
  #waitingUp: { readonly bytes: number; readonly deliver: () => void }[] = [];
  #port: SimPort | undefined;
  #sink: ConnectionSink | undefined;
  #server: Listener | undefined;
  #address = "";
  #isClientOver = false;
  #isClosing = false;

  constructor(
    client: string,
    clock: Clock,
    handlers: TransportHandlers,
    env: { readonly world: Clock; readonly random: SeededRandom; readonly quality: Quality },
    gone: () => void,
  ) {
    this.client = client;
    this.#clock = clock;
    this.#world = env.world;
    this.#handlers = handlers;
    this.#latencyMs = env.quality.latencyMs;
    this.#gone = gone;
    this.#joinsFrames = env.random.chance(0.5);
    this.#up = new SimPipe(env.world, env.random.fork(), env.quality, () => this.#pumpUp());
    this.#down = new SimPipe(env.world, env.random.fork(), env.quality, () => this.#port?.drained());
  }

  /** Whether the client has given it up. */
  get isOver(): boolean {
    return this.#isClientOver || this.#isClosing;
  }

  /** Which server it leads to; "" before it is established. */
  get address(): string {
    return this.#address;
  }

  get port(): SimPort | undefined {
    return this.#port;
  }

  establish(address: string, server: Listener): void {
    this.#address = address;
    this.#server = server;
    this.#port = new SimPort(server.clock, () => this.#down, this, server.queueLowBytes);
    this.#sink = server.accept(this.#port);
    this.#world.after(this.#latencyMs, () => {
      if (!this.#isClientOver && !this.#isClosing) this.#atClient(() => this.#handlers.opened());
    });
  }

  refuse(): void {
    this.#endClient(closedAbnormally, "");
  }

  send(text: string): void {
    if (this.#isClosing || this.#sink === undefined) return;
    this.#writeUp(text.length, () => this.#sink?.receive(text));
  }

  close(code = 1000, reason = ""): void {
    if (this.#isClosing || this.#isClientOver) return;
    this.#isClosing = true;
    // The other side answers when it has read everything before; if it never does, this side stops waiting.
    this.#writeUp(4, () => {
      this.#endServer(code, reason);
      this.#world.after(this.#latencyMs, () => this.#endClient(code, reason));
    });
    this.#world.after(closeTimeoutMs, () => this.#endClient(closedAbnormally, ""));
  }

  messages(texts: readonly string[]): void {
    this.#atClient(() => {
      const messages = this.#joinsFrames ? [texts.join("\n")] : texts;
      for (const message of messages) if (!this.#isClientOver) this.#handlers.message(message);
    });
  }

  ended(code: number, why: string): void {
    this.#endClient(code, why);
    this.#world.after(this.#latencyMs, () => this.#endServer(code, why));
  }

  /** Both sides see the connection break; what was on its way is lost. */
  reset(): void {
    this.#down.destroy();
    this.#up.destroy();
    this.#world.after(this.#latencyMs, () => this.#endServer(closedAbnormally, ""));
    this.#world.after(this.#latencyMs, () => this.#endClient(closedAbnormally, ""));
  }

  /** One side's process, or its whole machine, is gone. A machine tells nobody. */
  loseServer(how: "process" | "machine"): void {
    this.#sink = undefined;
    this.#port = undefined;
    this.#down.destroy();
    if (how === "process") this.#world.after(this.#latencyMs, () => this.#endClient(closedAbnormally, ""));
  }

  loseClient(how: "process" | "machine"): void {
    this.#isClientOver = true;
    this.#up.destroy();
    this.#gone();
    if (how === "process") this.#world.after(this.#latencyMs, () => this.#endServer(closedAbnormally, ""));
    else this.#down.stall(Infinity);
  }

  /** Nothing arrives on one or both ways for this long; Infinity: never again. */
  stall(which: "up" | "down" | "both", forMs: number): void {
    if (which !== "down") this.#up.stall(forMs);
    if (which !== "up") this.#down.stall(forMs);
  }

  /** Ends every stall. */
  resume(): void {
    this.#up.resume();
    this.#down.resume();
  }

  freezeReader(on: boolean): void {
    this.#down.freezeReader(on);
  }

  #writeUp(bytes: number, deliver: () => void): void {
    this.#waitingUp.push({ bytes, deliver });
    this.#pumpUp();
  }

  #pumpUp(): void {
    for (
      let next = this.#waitingUp[0];
      next !== undefined && this.#up.hasRoomFor(next.bytes);
      next = this.#waitingUp[0]
    ) {
      this.#waitingUp.shift();
      const { deliver } = next;
      this.#up.write(next.bytes, () => this.#atServer(deliver));
    }
  }

  #atServer(run: () => void): void {
    if (this.#server !== undefined && isAlive(this.#server.clock)) run();
  }

  #atClient(run: () => void): void {
    if (!this.#isClientOver && isAlive(this.#clock)) run();
  }

  #endClient(code: number, reason: string): void {
    if (this.#isClientOver) return;
    this.#atClient(() => {
      this.#isClientOver = true;
      this.#handlers.closed(code, reason);
    });
    this.#isClientOver = true;
    this.#gone();
  }

  #endServer(code: number, why: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#up.destroy();
    this.#down.destroy();
    if (sink !== undefined) this.#atServer(() => sink.closed(code, why));
  }
}

/** Clocks of processes know whether theirs still runs; any other clock always does. */
const isAlive = (clock: Clock): boolean => !("isAlive" in clock) || clock.isAlive === true;
