// Messages between the nodes of a simulated world: at most once, in order per sender and receiver, late, lost, or not at
// all between nodes whose link to it is cut.

import { Signal } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";
import { EngineError, type Bus, type Registry } from "@heddle/hub/ports";
import type { ProcessClock } from "./sim-time.ts";

export interface SimBusOptions {
  readonly node: string;
  /** The node's own clock: what it has not heard when it dies, it never hears. */
  readonly process: ProcessClock;
  readonly random: SeededRandom;
  /** Longest way from node to node, and how likely a message to another node is lost. */
  readonly weather: () => { readonly delayMs: number; readonly lostMessage: number };
  readonly counted: (fault: string) => void;
}

type Receive = (body: Uint8Array, from: string) => void;

/** How often a node says that it lives, and for how long it is believed to. Milliseconds. */
const heartbeatMs = 800;
export const simLeaseMs = 4_000;

/** What all nodes' buses are connected to. */
export class SimExchange {
  readonly buses = new Map<string, SimBus>();
  /** Messages that reached another node. */
  passedCount = 0;
}

export class SimBus implements Bus {
  readonly link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly registry: SimRegistry;
  readonly #exchange: SimExchange;
  readonly #options: SimBusOptions;
  readonly #topics = new Map<string, Set<Receive>>();
  /** When the way to each receiver is free: what was sent before arrives before. */
  readonly #freeMs = new Map<string, number>();
  #answer: ((body: Uint8Array, from: string) => Promise<Uint8Array>) | undefined;
  #isUp = true;
  #gen = 1;

  constructor(exchange: SimExchange, options: SimBusOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.registry = new SimRegistry(options.node, options.process, [...exchange.buses.keys()]);
    exchange.buses.set(options.node, this);
    this.#beat();
  }

  publish(topic: string, body: Uint8Array): void {
    for (const [name, bus] of this.#exchange.buses)
      if (name === this.#options.node || this.#reaches(bus)) this.#deliver(bus, topic, body);
  }

  async subscribe(topic: string, receive: Receive): Promise<() => void> {
    const receivers = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, receivers.add(receive));
    return () => void receivers.delete(receive);
  }

  request(node: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { process, node: self } = this.#options;
    const to = this.#exchange.buses.get(node);
    return new Promise((resolve, reject) => {
      const fail = (code: "unreachable" | "unknown", why: string): void =>
        reject(new EngineError(code, `node ${node}: ${why}`));
      if (!this.#isUp) return void process.after(1, () => fail("unreachable", "no link"));
      const late = process.after(timeoutMs, () => fail("unknown", `no answer within ${timeoutMs} ms`));
      if (to === undefined || !this.#reaches(to)) return;
      this.#arrive(to, () => {
        void to.#answer?.(body, self).then((answer) => {
          if (!to.#reaches(this)) return;
          to.#arrive(this, () => {
            late[Symbol.dispose]();
            resolve(answer);
          });
        });
      });
    });
  }

  respond(answer: (body: Uint8Array, from: string) => Promise<Uint8Array>): void {
    this.#answer = answer;
  }

  /** No message passes between this node and others until `mend`. */
  cut(): void {
    this.#isUp = false;
    this.link.emit({ up: false, gen: this.#gen });
  }

  mend(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.link.emit({ up: true, gen: ++this.#gen });
    this.#tellAlive();
  }

  /** The node is gone. The others learn it by its lease. */
  leave(): void {
    if (this.#exchange.buses.get(this.#options.node) === this) this.#exchange.buses.delete(this.#options.node);
  }

  /** Whether a message to another node gets through now; one that is lost is counted. */
  #reaches(to: SimBus): boolean {
    const { random, weather, counted } = this.#options;
    if (!this.#isUp || !to.#isUp) return false;
    if (random.chance(weather().lostMessage)) {
      counted("lost-bus-message");
      return false;
    }
    this.#exchange.passedCount++;
    return true;
  }

  #beat(): void {
    this.#tellAlive();
    this.registry.expire();
    this.#options.process.after(heartbeatMs, () => this.#beat());
  }

  /** A heartbeat is an entry of the store that stays until it is replaced: it is late, and never lost. */
  #tellAlive(): void {
    for (const [name, bus] of this.#exchange.buses)
      if (name !== this.#options.node && this.#isUp && bus.#isUp)
        this.#arrive(bus, () => bus.registry.heard(this.#options.node));
  }

  #deliver(to: SimBus, topic: string, body: Uint8Array): void {
    this.#arrive(to, () => {
      for (const receive of to.#topics.get(topic) ?? []) receive(body, this.#options.node);
    });
  }

  #arrive(to: SimBus, run: () => void): void {
    const { process, random, weather } = this.#options;
    const receiver = to.#options;
    const nowMs = process.monotonicMs();
    const arrivesMs = Math.max(this.#freeMs.get(receiver.node) ?? 0, nowMs + random.float() * weather().delayMs);
    this.#freeMs.set(receiver.node, arrivesMs);
    receiver.process.after(arrivesMs - nowMs, run);
  }
}

/** Who is alive, as one node believes it. Leases go on running while its own link is cut: the hub has to know better. */
class SimRegistry implements Registry {
  readonly self: string;
  readonly changed = new Signal<{ readonly alive: readonly string[]; readonly left: readonly string[] }>();
  readonly #process: ProcessClock;
  readonly #heardMs = new Map<string, number>();

  constructor(self: string, process: ProcessClock, others: readonly string[]) {
    this.self = self;
    this.#process = process;
    for (const node of others) this.#heardMs.set(node, process.monotonicMs());
  }

  alive(): readonly string[] {
    return [...this.#heardMs.keys(), this.self];
  }

  heard(node: string): void {
    const isNew = !this.#heardMs.has(node);
    this.#heardMs.set(node, this.#process.monotonicMs());
    if (isNew) this.changed.emit({ alive: this.alive(), left: [] });
  }

  expire(): void {
    const beforeMs = this.#process.monotonicMs() - simLeaseMs;
    const left = [...this.#heardMs].filter(([, heardMs]) => heardMs < beforeMs).map(([node]) => node);
    for (const node of left) this.#heardMs.delete(node);
    if (left.length > 0) this.changed.emit({ alive: this.alive(), left });
  }
}
