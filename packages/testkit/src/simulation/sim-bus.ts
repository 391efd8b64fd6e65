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

/** What all nodes' buses are connected to. */
export class SimExchange {
  readonly buses = new Map<string, SimBus>();
  /** Messages that reached another node. */
  passedCount = 0;
}

export class SimBus implements Bus {
  readonly link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly registry: Registry;
  readonly #exchange: SimExchange;
  readonly #options: SimBusOptions;
  readonly #topics = new Map<string, Set<Receive>>();
  /** When the way to each receiver is free: what was sent before arrives before. */
  readonly #freeMs = new Map<string, number>();
  #isUp = true;
  #gen = 1;

  constructor(exchange: SimExchange, options: SimBusOptions) {
    this.#exchange = exchange;
    this.#options = options;
    exchange.buses.set(options.node, this);
    const changed = new Signal<{ alive: readonly string[]; left: readonly string[] }>();
    this.registry = { self: options.node, alive: () => [...exchange.buses.keys()], changed };
  }

  publish(topic: string, body: Uint8Array): void {
    const { random, weather, node, counted } = this.#options;
    for (const [name, bus] of this.#exchange.buses) {
      if (name !== node) {
        if (!this.#isUp || !bus.#isUp) continue;
        if (random.chance(weather().lostMessage)) {
          counted("lost-bus-message");
          continue;
        }
        this.#exchange.passedCount++;
      }
      this.#deliver(bus, topic, body);
    }
  }

  async subscribe(topic: string, receive: Receive): Promise<() => void> {
    const receivers = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, receivers.add(receive));
    return () => void receivers.delete(receive);
  }

  request(node: string, _body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return Promise.reject(new EngineError("unknown", `node ${node}: no answer within ${timeoutMs} ms`));
  }

  respond(): void {}

  /** No message passes between this node and others until `mend`. */
  cut(): void {
    this.#isUp = false;
    this.link.emit({ up: false, gen: this.#gen });
  }

  mend(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.link.emit({ up: true, gen: ++this.#gen });
  }

  /** The node is gone. */
  leave(): void {
    if (this.#exchange.buses.get(this.#options.node) === this) this.#exchange.buses.delete(this.#options.node);
  }

  #deliver(to: SimBus, topic: string, body: Uint8Array): void {
    const { process, random, weather, node } = this.#options;
    const receiver = to.#options;
    const nowMs = process.monotonicMs();
    const arrivesMs = Math.max(this.#freeMs.get(receiver.node) ?? 0, nowMs + random.float() * weather().delayMs);
    this.#freeMs.set(receiver.node, arrivesMs);
    receiver.process.after(arrivesMs - nowMs, () => {
      for (const receive of to.#topics.get(topic) ?? []) receive(body, node);
    });
  }
}
