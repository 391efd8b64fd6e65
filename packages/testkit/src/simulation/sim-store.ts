// The store of a simulated world: it outlives server processes. Beneath is the hub's own memory engine; on top are what
// a replicated store can do to one: lose everything, fail over to a replica that lacks the newest entries, split so that
// an old primary serves some nodes for a while, answer reads from an older state, know no producers.

import type { Clock, Random } from "@heddle/base";
import { memoryEngine, MemoryStore } from "@heddle/hub/memory";
import type { Appended, Draft, Engine, Log, ReadQuery, ReadResult, Sink } from "@heddle/hub/ports";
import type { Pos } from "@heddle/protocol";

/** What is stored, as far as it matters to whoever writes the history. */
export type Content = Pick<Draft, "id" | "data">;

/** What the store tells whoever writes the history. */
export interface StoreEvents {
  stored(channel: string, pos: Pos, prevOffset: number, floor: number, content: Content): void;
  /** An old primary took it; no other ever knows. */
  lost(channel: string, pos: Pos, content: Content): void;
  /** Everything behind `to` is gone from the channel. */
  truncated(channel: string, to: Pos): void;
}

/** What kind of store it is. */
export interface StoreModel {
  /** Whether reads may be answered by a replica that is behind. */
  readonly hasStaleReads: boolean;
  /** `append`: one record per producer, checked with the append. `none`: a repetition is known by its id alone. */
  readonly producer: "append" | "none";
}

/** An append that took effect, as a replica would replay it. */
interface Record {
  readonly channel: string;
  readonly draft: Draft;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A head that was, and when another took its place. */
interface OldHead {
  readonly pos: Pos;
  readonly untilMs: number;
}

/** Channels whose names begin so are not written to the history. */
const unrecordedPrefix = "$";
const oldHeadsKept = 32;

export class SimStore {
  readonly #world: Clock;
  readonly #random: Random;
  readonly #events: StoreEvents;
  readonly model: StoreModel;
  #primary: Primary;
  /** A primary that others have replaced and that does not know it yet, and the addresses it still serves. */
  #old: { readonly primary: Primary; readonly addresses: ReadonlySet<string> } | undefined;

  constructor(world: Clock, random: Random, events: StoreEvents, model: StoreModel) {
    this.#world = world;
    this.#random = random;
    this.#events = events;
    this.model = model;
    this.#primary = this.#newPrimary();
  }

  /** Starts the first primary. */
  open(): Promise<void> {
    return this.#primary.start();
  }

  /** As `Log.append`, by the node at `address`; takes effect at once. */
  async append(address: string, channel: string, draft: Draft): Promise<Appended> {
    const primary = this.#primaryOf(address);
    const prevOffset = primary.headOf(channel).offset;
    const appended = await primary.append(channel, this.model.producer === "append" ? draft : knownById(draft));
    if (appended.s !== "new" || channel.startsWith(unrecordedPrefix)) return appended;
    if (primary !== this.#primary) this.#events.lost(channel, appended.pos, draft);
    else this.#events.stored(channel, appended.pos, prevOffset, primary.floorOf(channel).offset, draft);
    return appended;
  }

  attach(address: string, channel: string, sink: Sink): ReturnType<Log["attach"]> {
    return this.#primaryOf(address).attach(channel, sink);
  }

  /** @param ageMs  how old the state may be that answers; 0: the primary answers */
  read(address: string, channel: string, query: ReadQuery, ageMs = 0): Promise<ReadResult> {
    return this.#primaryOf(address).read(channel, query, ageMs);
  }

  /** A channel as one reader finds it now. */
  readAll(channel: string): Promise<ReadResult> {
    return this.#primary.read(channel, { last: 100_000, limit: 100_000, bytes: 1e9 }, 0);
  }

  async heads(address: string, channels: readonly string[]): Promise<readonly Pos[]> {
    return channels.map((channel) => this.#primaryOf(address).headOf(channel));
  }

  /** Everything is gone: logs, records, attachments. */
  loseEverything(): Promise<void> {
    this.#primary = this.#newPrimary();
    this.#old = undefined;
    return this.#primary.start();
  }

  /**
   * A replica takes over that had not yet received the newest `lostCount` appends. Attachments are gone.
   * Offsets and the epoch go on; the lost offsets are going to be given out again.
   */
  async failOver(lostCount: number): Promise<void> {
    const before = this.#primary;
    const { replica, lostChannels } = await before.replica(lostCount, this.#newPrimary(before.epochDraws));
    this.#primary = replica;
    for (const channel of lostChannels)
      if (!channel.startsWith(unrecordedPrefix)) this.#events.truncated(channel, replica.headOf(channel));
  }

  /** As `failOver`, but the nodes at `addresses` go on with the old primary until `rejoin`. */
  async split(addresses: readonly string[], lostCount: number): Promise<void> {
    this.#old = { primary: this.#primary, addresses: new Set(addresses) };
    await this.failOver(lostCount);
  }

  get isSplit(): boolean {
    return this.#old !== undefined;
  }

  /** The old primary steps down; what it took meanwhile is gone. */
  rejoin(): void {
    this.#old = undefined;
  }

  #primaryOf(address: string): Primary {
    return this.#old?.addresses.has(address) ? this.#old.primary : this.#primary;
  }

  #newPrimary(epochDraws?: ReadonlyMap<string, readonly number[]>): Primary {
    return new Primary(this.#world, this.#random, epochDraws);
  }
}

/** One primary's state. */
class Primary {
  readonly #world: Clock;
  readonly #random: Random;
  /** Draws that made the channels' epochs, so that a replica makes the same. */
  readonly epochDraws: Map<string, readonly number[]>;
  readonly #store = new MemoryStore();
  readonly #engine: Engine;
  readonly #oldHeads = new Map<string, OldHead[]>();
  #records: Record[] = [];
  #now: { readonly monotonicMs: number; readonly wallMs: number } | undefined;

  constructor(world: Clock, random: Random, epochDraws: ReadonlyMap<string, readonly number[]> = new Map()) {
    this.#world = world;
    this.#random = random;
    this.epochDraws = new Map(epochDraws);
    this.#engine = memoryEngine({ store: this.#store, node: "store" });
  }

  async start(): Promise<void> {
    const clock: Clock = {
      monotonicMs: () => this.#now?.monotonicMs ?? this.#world.monotonicMs(),
      wallMs: () => this.#now?.wallMs ?? this.#world.wallMs(),
      after: (delayMs, run) => this.#world.after(delayMs, run),
      turnEnd: (run) => this.#world.turnEnd(run),
    };
    await this.#engine.start({ clock, random: this.#random });
  }

  headOf(channel: string): Pos {
    return this.#knownLog(channel).head;
  }

  floorOf(channel: string): Pos {
    return this.#knownLog(channel).floor;
  }

  async append(channel: string, draft: Draft): Promise<Appended> {
    const headBefore = this.headOf(channel);
    const appended = await this.#engine.log.append(channel, draft);
    if (appended.s !== "new") return appended;
    this.#records.push({ channel, draft, monotonicMs: this.#world.monotonicMs(), wallMs: this.#world.wallMs() });
    const oldHeads = this.#oldHeads.get(channel) ?? [];
    this.#oldHeads.set(channel, oldHeads);
    oldHeads.push({ pos: headBefore, untilMs: this.#world.monotonicMs() });
    if (oldHeads.length > oldHeadsKept) oldHeads.shift();
    return appended;
  }

  attach(channel: string, sink: Sink): ReturnType<Log["attach"]> {
    this.#knownLog(channel);
    return this.#engine.log.attach(channel, sink);
  }

  async read(channel: string, query: ReadQuery, ageMs: number): Promise<ReadResult> {
    this.#knownLog(channel);
    const thenMs = this.#world.monotonicMs() - ageMs;
    const head = ageMs > 0 ? this.#oldHeads.get(channel)?.find(({ untilMs }) => untilMs > thenMs)?.pos : undefined;
    // What was trimmed since is not here any more, and a replica that is behind would have it.
    const { offset: floor } = this.floorOf(channel);
    if (head === undefined || (floor > 0 && head.offset <= floor)) return this.#engine.log.read(channel, query);
    const { log } = this.#engine;
    // Of the newest entries a replica that is behind has those up to its own head.
    const asked = "after" in query ? query.after : "before" in query ? query.before : head;
    if (asked.epoch !== head.epoch || asked.offset > head.offset)
      return { entries: [], head, floor: this.floorOf(channel), more: false, proof: "diverged" };
    if ("last" in query) {
      const { bytes, last } = query;
      return {
        ...(await log.read(channel, { before: head, limit: Math.min(last, query.limit), bytes })),
        head,
        proof: "linked",
      };
    }
    const read = await log.read(channel, query);
    const entries = read.entries.filter(({ pos }) => pos.offset <= head.offset);
    const isCut = entries.length < read.entries.length || entries.at(-1)?.pos.offset === head.offset;
    return { ...read, entries, head, more: read.more && !("after" in query && isCut) };
  }

  /** Fills `replica` with everything but the newest `lostCount` appends. */
  async replica(lostCount: number, replica: Primary): Promise<{ replica: Primary; lostChannels: ReadonlySet<string> }> {
    const kept = this.#records.slice(0, Math.max(0, this.#records.length - lostCount));
    await replica.start();
    for (const { channel, draft, monotonicMs, wallMs } of kept) {
      replica.#now = { monotonicMs, wallMs };
      replica.#knownLog(channel);
      await replica.#engine.log.append(channel, draft);
    }
    replica.#now = undefined;
    replica.#records = kept;
    const lost = this.#records.slice(kept.length);
    return { replica, lostChannels: new Set(lost.map(({ channel }) => channel)) };
  }

  /** The channel's log, created with the epoch it always had. */
  #knownLog(channel: string): ReturnType<MemoryStore["log"]> {
    const existing = this.#store.existing(channel);
    if (existing !== undefined) return existing;
    const draws = this.epochDraws.get(channel);
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
    this.epochDraws.set(channel, drawn);
    return log;
  }
}

/** A store without producers knows a repetition by its id, and nothing of what should have come before. */
const knownById = (draft: Draft): Draft => ({ ...draft, dedup: { by: "key", key: draft.id, hash: draft.dedup.hash } });
