// A server process's engine: the store behind an asynchronous link that misbehaves in every way the engine port allows.
// Commands arrive late, or not, or their answers do; entries are repeated, lost, or come from a link that is no more.

import type { Clock } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";
import {
  EngineError,
  type Engine,
  type EngineEnv,
  type Entry,
  type Log,
  type ReadQuery,
  type ReadResult,
  type Registry,
  type Sink,
  type Traits,
} from "@heddle/hub/ports";
import { revocationsChannel, wireLimits } from "@heddle/protocol";
import { SimBus, type SimExchange } from "./sim-bus.ts";
import type { SimStore } from "./sim-store.ts";
import type { ProcessClock } from "./sim-time.ts";

/** How likely each misbehaviour is, per operation or entry. */
export interface StoreWeather {
  /** Longest way to the store or back. Milliseconds. */
  readonly delayMs: number;
  /** The command takes effect and its answer is lost. */
  readonly lostAnswer: number;
  /** The command itself is lost. */
  readonly lostCommand: number;
  readonly repeatedEntry: number;
  /** An entry is not pushed, and nobody is told. */
  readonly lostEntry: number;
  /** After a break, what was on its way over the old link still arrives. */
  readonly lateEntry: number;
  /** A replica that is behind answers a read. Stores without stale reads have none. */
  readonly staleRead: number;
  /** A message between nodes is lost. */
  readonly lostMessage: number;
}

export const calmStore: StoreWeather = {
  ...{ delayMs: 2, lostAnswer: 0, lostCommand: 0, repeatedEntry: 0, lostEntry: 0, lateEntry: 0 },
  ...{ staleRead: 0, lostMessage: 0 },
};

/** Whether the store does nothing but take its time. */
export const isCalmStore = (weather: StoreWeather): boolean =>
  Object.entries(weather).every(([name, value]) => name === "delayMs" || value === 0);

/** How long the link waits for an answer before the outcome is unknown. Milliseconds. */
export const answerMs = 1_500;
/** How long a store that knows no producers is said to know ids; it knows them a little longer. Milliseconds. */
const idWindowMs = 100_000;
/** Entries kept for repetition, per attachment. */
const repeatable = 3;
/** How far a replica that answers reads may be behind. Milliseconds. */
const staleMost = 2_000;

interface Attached {
  readonly channel: string;
  readonly gen: number;
  readonly sink: Sink;
  readonly recent: Entry[];
  detachFromStore: () => void;
}

export interface SimEngineOptions {
  readonly node: string;
  /** Where the node stands, over all its lives: a split store knows nodes by it. */
  readonly address: string;
  readonly store: SimStore;
  readonly exchange: SimExchange;
  readonly world: Clock;
  /** The server process's own clock: what it has not heard when it dies, it never hears. */
  readonly process: ProcessClock;
  readonly random: SeededRandom;
  readonly weather: () => StoreWeather;
  /** Whether a failover may lose entries that were seen. */
  readonly canForget: boolean;
  readonly counted: (fault: string) => void;
}

export class SimEngine implements Engine {
  readonly name = "simulated";
  readonly traits: Traits;
  readonly bus: SimBus;
  readonly registry: Registry;
  readonly log: Log;
  readonly #options: SimEngineOptions;
  readonly #attached = new Set<Attached>();
  #gen = 1;
  #isUp = true;
  #commandsFreeMs = 0;
  #answersFreeMs = 0;
  #entriesFreeMs = 0;

  constructor(options: SimEngineOptions) {
    this.#options = options;
    const { store, address, canForget } = options;
    const { hasStaleReads, producer } = store.model;
    this.traits = {
      ...{ offsets: "dense", prevTag: true, phantoms: canForget, staleReads: hasStaleReads, cas: true },
      ack: canForget ? "primary" : "memory",
      ...{ producer, history: "indexed" },
      dedupWindowMs: producer === "append" ? wireLimits.dedupWindowMs : idWindowMs,
    } as const;
    this.log = {
      append: (channel, draft) => this.#command(() => store.append(address, channel, draft)),
      attach: (channel, sink) => this.#attach(channel, sink),
      read: (channel, query) => this.#read(channel, query),
      heads: (channels) => this.#command(() => store.heads(address, channels)),
      drop: () => Promise.reject(new EngineError("failed", "simulated engine: nobody drops logs here")),
    };
    this.bus = new SimBus(options.exchange, options);
    this.registry = this.bus.registry;
  }

  async start(_env: EngineEnv): Promise<void> {}

  async stop(): Promise<void> {
    for (const attached of this.#attached) attached.detachFromStore();
    this.#attached.clear();
    this.bus.leave();
  }

  /** The process died: the store notices that its attachments are gone. */
  abandon(): void {
    void this.stop();
  }

  /** Besides the one that every node has. */
  get attachmentCount(): number {
    return [...this.#attached].filter(({ channel }) => channel !== revocationsChannel).length;
  }

  /** The link breaks and is there again at once, as another one. */
  breakLink(why: string): void {
    const { world, random, weather } = this.#options;
    this.#gen++;
    const isLate = random.chance(weather().lateEntry);
    for (const attached of [...this.#attached]) {
      this.#attached.delete(attached);
      // What is under way over the old link arrives before the word of its end, after it, or never.
      if (!isLate) attached.detachFromStore();
      else world.after(random.between(0, 300), () => attached.detachFromStore());
      this.#options.process.after(random.between(0, 50), () => attached.sink.broken(attached.gen, why));
    }
  }

  /** The store cannot be reached until `mend`. */
  cutLink(): void {
    this.#isUp = false;
    this.breakLink("the store is unreachable");
  }

  mend(): void {
    this.#isUp = true;
  }

  /** One command over the link: there, its effect, and back. */
  #command<T>(effect: () => Promise<T>): Promise<T> {
    const { world, process, random, weather, counted } = this.#options;
    const { lostCommand, lostAnswer } = weather();
    return new Promise((resolve, reject) => {
      if (!this.#isUp) {
        process.after(1, () => reject(new EngineError("unreachable", "no link to the store")));
        return;
      }
      const gen = this.#gen;
      const isLost = random.chance(lostCommand);
      const isAnswerLost = !isLost && random.chance(lostAnswer);
      if (isLost) counted("lost-command");
      if (isAnswerLost) counted("lost-answer");
      const late = process.after(answerMs, () => reject(new EngineError("unknown", "the store did not answer")));
      if (isLost) return;
      this.#commandsFreeMs = this.#arrival(this.#commandsFreeMs);
      world.after(this.#commandsFreeMs - world.monotonicMs(), () => {
        if (gen !== this.#gen && !this.#isUp) return; // the link broke before the command had arrived
        const back = (settle: () => void): void => {
          if (isAnswerLost || gen !== this.#gen) return;
          this.#answersFreeMs = this.#arrival(this.#answersFreeMs);
          process.after(this.#answersFreeMs - world.monotonicMs(), () => {
            late[Symbol.dispose]();
            settle();
          });
        };
        effect().then(
          (value) => back(() => resolve(value)),
          (error: unknown) => back(() => reject(error as Error)),
        );
      });
    });
  }

  /** A read, of which a replica that is behind may answer the first attempt; the primary is asked when it is too far behind. */
  async #read(channel: string, query: ReadQuery): Promise<ReadResult> {
    const { store, address, random, weather, counted } = this.#options;
    const isStale = store.model.hasStaleReads && random.chance(weather().staleRead);
    if (!isStale) return this.#command(() => store.read(address, channel, query));
    counted("stale-read");
    const read = await this.#command(() => store.read(address, channel, query, random.float() * staleMost));
    const { atLeast } = query;
    if (atLeast === undefined || (read.head.epoch === atLeast.epoch && read.head.offset >= atLeast.offset)) return read;
    counted("stale-read-refused");
    return this.#command(() => store.read(address, channel, query));
  }

  #attach(channel: string, sink: Sink): ReturnType<Log["attach"]> {
    const attached: Attached = { channel, gen: this.#gen, sink, recent: [], detachFromStore: () => undefined };
    const detach = (): void => {
      attached.detachFromStore();
      this.#attached.delete(attached);
    };
    const attaching = this.#command(async () => {
      const atStore = await this.#options.store.attach(this.#options.address, channel, {
        entry: (_gen, entry) => this.#push(attached, entry),
        broken: () => undefined,
      });
      attached.detachFromStore = () => atStore.detach();
      if (attached.gen !== this.#gen || !this.#options.process.isAlive) atStore.detach();
      else this.#attached.add(attached);
      return { gen: attached.gen, detach };
    });
    attaching.catch(detach); // a client library that got no answer forgets the subscription
    return attaching;
  }

  #push(attached: Attached, entry: Entry): void {
    const { random, weather, counted } = this.#options;
    const { lostEntry, repeatedEntry } = weather();
    if (random.chance(lostEntry)) return counted("lost-entry");
    this.#deliver(attached, entry);
    attached.recent.push(entry);
    if (attached.recent.length > repeatable) attached.recent.shift();
    if (!random.chance(repeatedEntry)) return;
    counted("repeated-entry");
    const again = attached.recent.slice(-random.between(1, repeatable));
    for (const repeated of again) this.#deliver(attached, repeated);
  }

  #deliver(attached: Attached, entry: Entry): void {
    const { world, process } = this.#options;
    this.#entriesFreeMs = this.#arrival(this.#entriesFreeMs);
    process.after(this.#entriesFreeMs - world.monotonicMs(), () => attached.sink.entry(attached.gen, entry));
  }

  /** When something that leaves now arrives, behind everything that left before. */
  #arrival(freeMs: number): number {
    const { world, random, weather } = this.#options;
    return Math.max(freeMs, world.monotonicMs() + 0.1 + random.float() * weather().delayMs);
  }
}
