// The store of a simulated world: it outlives server processes. Beneath is the hub's own memory engine; on top are what
// a replicated store can do to one: lose everything, or fail over to a replica that lacks the newest entries.

import type { Clock, Random } from "@heddle/base";
import { memoryEngine, MemoryStore } from "@heddle/hub/memory";
import type { Appended, Draft, Engine, Log, Sink } from "@heddle/hub/ports";
import type { Pos } from "@heddle/protocol";

/** What the store tells whoever writes the history. */
export interface StoreEvents {
  stored(channel: string, pos: Pos, prevOffset: number, floor: number, draft: Draft): void;
  /** Everything behind `to` is gone from the channel. */
  truncated(channel: string, to: Pos): void;
}

/** An append that took effect, as a replica would replay it. */
interface Record {
  readonly channel: string;
  readonly draft: Draft;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Channels whose names begin so are not written to the history. */
const unrecordedPrefix = "$";

export class SimStore {
  readonly #world: Clock;
  readonly #random: Random;
  readonly #events: StoreEvents;
  /** Draws that made the channels' epochs, so that a replica makes the same. */
  readonly #epochDraws = new Map<string, readonly number[]>();
  #store = new MemoryStore();
  #engine: Engine | undefined;
  #records: Record[] = [];
  #now: { readonly monotonicMs: number; readonly wallMs: number } | undefined;

  constructor(world: Clock, random: Random, events: StoreEvents) {
    this.#world = world;
    this.#random = random;
    this.#events = events;
  }

  /** The engine of the current primary. */
  async open(): Promise<void> {
    this.#engine = await this.#start(this.#store);
  }

  get #log(): Log {
    if (this.#engine === undefined) throw new Error("SimStore: used before open()");
    return this.#engine.log;
  }

  /** As `Log.append`; takes effect at once. */
  async append(channel: string, draft: Draft): Promise<Appended> {
    const prevOffset = this.#knownLog(channel).head.offset;
    const appended = await this.#during(channel, () => this.#log.append(channel, draft));
    if (appended.s !== "new") return appended;
    this.#records.push({ channel, draft, monotonicMs: this.#world.monotonicMs(), wallMs: this.#world.wallMs() });
    if (!channel.startsWith(unrecordedPrefix)) {
      const { floor } = this.#knownLog(channel);
      this.#events.stored(channel, appended.pos, prevOffset, floor.offset, draft);
    }
    return appended;
  }

  attach(channel: string, sink: Sink): ReturnType<Log["attach"]> {
    return this.#during(channel, () => this.#log.attach(channel, sink));
  }

  read(...[channel, query]: Parameters<Log["read"]>): ReturnType<Log["read"]> {
    return this.#during(channel, () => this.#log.read(channel, query));
  }

  async heads(channels: readonly string[]): Promise<readonly Pos[]> {
    return channels.map((channel) => this.#knownLog(channel).head);
  }

  /** Everything is gone: logs, records, attachments. */
  async loseEverything(): Promise<void> {
    this.#store = new MemoryStore();
    this.#epochDraws.clear();
    this.#records = [];
    await this.open();
  }

  /**
   * A replica takes over that had not yet received the newest `lostCount` appends. Attachments are gone.
   * Offsets and the epoch go on; the lost offsets are going to be given out again.
   */
  async failOver(lostCount: number): Promise<void> {
    const kept = this.#records.slice(0, Math.max(0, this.#records.length - lostCount));
    const lost = this.#records.slice(kept.length);
    this.#store = new MemoryStore();
    await this.open();
    for (const { channel, draft, monotonicMs, wallMs } of kept) {
      this.#now = { monotonicMs, wallMs };
      await this.#during(channel, () => this.#log.append(channel, draft));
    }
    this.#now = undefined;
    this.#records = kept;
    for (const channel of new Set(lost.map((record) => record.channel))) {
      if (!channel.startsWith(unrecordedPrefix)) this.#events.truncated(channel, this.#knownLog(channel).head);
    }
  }

  /** Runs an operation that may create the channel's log, which then gets the epoch it always had. */
  #during<T>(channel: string, run: () => Promise<T>): Promise<T> {
    this.#knownLog(channel);
    return run();
  }

  #knownLog(channel: string): ReturnType<MemoryStore["log"]> {
    const existing = this.#store.existing(channel);
    if (existing !== undefined) return existing;
    const draws = this.#epochDraws.get(channel);
    const drawn: number[] = [];
    let index = 0;
    const random: Random = {
      ...{ float: () => this.#random.float(), bytes: (count) => this.#random.bytes(count) },
      u32: () => {
        const draw = draws?.[index++] ?? this.#random.u32();
        drawn.push(draw);
        return draw;
      },
    };
    const log = this.#store.log(channel, { random, clock: this.#world });
    this.#epochDraws.set(channel, drawn);
    return log;
  }

  async #start(store: MemoryStore): Promise<Engine> {
    const engine = memoryEngine({ store, node: "store" });
    const clock: Clock = {
      monotonicMs: () => this.#now?.monotonicMs ?? this.#world.monotonicMs(),
      wallMs: () => this.#now?.wallMs ?? this.#world.wallMs(),
      after: (delayMs, run) => this.#world.after(delayMs, run),
      turnEnd: (run) => this.#world.turnEnd(run),
    };
    await engine.start({ clock, random: this.#random });
    return engine;
  }
}
