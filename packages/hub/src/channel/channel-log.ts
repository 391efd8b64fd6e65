// One channel's log as this node knows it: attached to the store, chained entry by entry, repaired by reading when the
// chain breaks. A push never decides what the log is; a read does. Knows no cursor and no connection.

import { messageOf, type Clock } from "@heddle/base";
import { samePos, type Pos } from "@heddle/protocol";
import {
  EngineError,
  type Attachment,
  type Engine,
  type Entry,
  type HubCounters,
  type ReadResult,
} from "../ports/index.ts";
import { follows } from "./chain.ts";
import type { Ring } from "./ring.ts";

export const logStates = ["attaching", "live", "degraded", "repair", "detached"] as const;
export type LogState = (typeof logStates)[number];

/** Where triggers lead; an absent cell means the trigger is ignored in that state. */
export const logTransitions: Record<
  LogState,
  Partial<Record<"attached" | "spliced" | "broken" | "misfit" | "detach", LogState>>
> = {
  attaching: { spliced: "live", broken: "degraded", detach: "detached" },
  live: { misfit: "repair", broken: "degraded", detach: "detached" },
  degraded: { attached: "repair", detach: "detached" },
  repair: { spliced: "live", broken: "degraded", detach: "detached" },
  detached: {},
};

export interface ChannelLogEvents {
  /** `entry` follows everything before it; `log.head` still names its predecessor. */
  accepted(entry: Entry): void;
  /** The log is not what we held: trimmed beyond us, forked or replaced. `log.head` still names the old head. */
  replaced(read: ReadResult): void;
  status(status: "degraded" | "live", why?: string): void;
}

export interface ChannelLogLimits {
  /** Entries read at attach to warm the ring. */
  readonly warmCount: number;
  /** Bytes of one repair read. */
  readonly readBytes: number;
  /** Entries waiting while the log is attached or repaired. */
  readonly bufferBytes: number;
  /** First and longest pause between attempts at an unreachable store. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Pause after `repairRounds` reads that brought nothing new. */
  readonly repairPauseMs: number;
  readonly repairRounds: number;
}

export const channelLogLimits: ChannelLogLimits = {
  warmCount: 64,
  readBytes: 262_144,
  bufferBytes: 1_048_576,
  retryMinMs: 100,
  retryMaxMs: 5_000,
  repairPauseMs: 1_000,
  repairRounds: 3,
};

export class ChannelLog {
  readonly #name: string;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #counters: HubCounters;
  readonly #events: ChannelLogEvents;
  readonly #limits: ChannelLogLimits;
  readonly ring: Ring;

  #state: LogState = "attaching";
  #head: Pos | undefined;
  #attachment: Attachment | undefined;
  /** Counts links: work begun under an older one is void when it comes back. */
  #link = 0;
  #buffer: { readonly gen: number; readonly entry: Entry }[] = [];
  #bufferBytes = 0;
  #bufferWasDiscarded = false;
  #quietSinceMs: number;
  readonly #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(
    name: string,
    env: { engine: Engine; clock: Clock; counters: HubCounters },
    ring: Ring,
    events: ChannelLogEvents,
    limits = channelLogLimits,
  ) {
    this.#name = name;
    this.#engine = env.engine;
    this.#clock = env.clock;
    this.#counters = env.counters;
    this.ring = ring;
    this.#events = events;
    this.#limits = limits;
    this.#quietSinceMs = env.clock.monotonicMs();
    void this.#attachLoop();
  }

  get state(): LogState {
    return this.#state;
  }

  /** Where LIVE cursors stand. @throws when the log has never been attached; await `ready` first */
  get head(): Pos {
    if (this.#head === undefined) throw new Error(`${this.#name}: the log has no head before it is attached`);
    return this.#head;
  }

  /** Whether `head` is known. */
  get isReady(): boolean {
    return this.#head !== undefined;
  }

  /** Monotonic time of the last accepted entry or verified head. */
  get quietSinceMs(): number {
    return this.#quietSinceMs;
  }

  /** Resolves once the head is known. @throws {EngineError} when the log is detached first */
  ready(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  detach(): void {
    this.#go("detach");
    this.#link++;
    this.#attachment?.detach();
    this.ring.clear();
    this.#buffer = [];
    for (const { reject } of this.#waiting.splice(0)) reject(new EngineError("unreachable", `${this.#name}: detached`));
  }

  /** The store's head, or a cursor's read, contradicts ours: read and repair. */
  suspect(): void {
    if (this.#state === "live") void this.#repair();
  }

  /** The store's head equals ours. */
  verified(): void {
    this.#quietSinceMs = this.#clock.monotonicMs();
  }

  #entry(gen: number, entry: Entry): void {
    if (this.#state === "detached") return;
    if (this.#state !== "live") return this.#hold(gen, entry);
    if (gen !== this.#attachment?.gen) return; // from a link that is no more
    if (follows(this.head, entry, this.#engine.traits)) return this.#accept(entry);
    if (this.ring.has(entry.pos)) return; // repeated
    this.#hold(gen, entry);
    void this.#repair();
  }

  #hold(gen: number, entry: Entry): void {
    this.#buffer.push({ gen, entry });
    this.#bufferBytes += entry.data.length;
    if (this.#bufferBytes <= this.#limits.bufferBytes) return;
    this.#clearBuffer();
    this.#bufferWasDiscarded = true; // the next read brings what it held
  }

  #accept(entry: Entry): void {
    this.ring.push(entry);
    this.#events.accepted(entry);
    this.#head = entry.pos;
    this.#quietSinceMs = this.#clock.monotonicMs();
  }

  #broken(gen: number, why: string): void {
    const isOurs = this.#attachment === undefined ? this.#state === "attaching" : gen === this.#attachment.gen;
    if (!isOurs || this.#state === "detached" || this.#state === "degraded") return;
    this.#degrade(why);
    void this.#attachLoop();
  }

  #degrade(why: string): void {
    this.#counters.degradations++;
    this.#link++;
    this.#attachment?.detach();
    this.#attachment = undefined;
    this.#clearBuffer();
    const wasAttaching = this.#state === "attaching";
    this.#go("broken");
    if (!wasAttaching) this.#events.status("degraded", why);
  }

  /** Attaches, trying again with growing pauses, then brings the log up to the store's head. */
  async #attachLoop(): Promise<void> {
    const link = ++this.#link;
    const sink = {
      entry: (gen: number, entry: Entry) => this.#entry(gen, entry),
      broken: (gen: number, why: string) => this.#broken(gen, why),
    };
    for (let pauseMs = this.#limits.retryMinMs; ; pauseMs = Math.min(2 * pauseMs, this.#limits.retryMaxMs)) {
      try {
        const attachment = await this.#engine.log.attach(this.#name, sink);
        if (link !== this.#link) return attachment.detach();
        this.#attachment = attachment;
        break;
      } catch (error) {
        this.#expectRetryable(error);
      }
      await this.#pause(pauseMs);
      if (link !== this.#link) return;
    }
    this.#go("attached");
    await this.#catchUp(link);
  }

  async #repair(): Promise<void> {
    this.#counters.repairs++;
    this.#go("misfit");
    await this.#catchUp(this.#link);
  }

  /** Reads from our head until what the store has and what was pushed meanwhile join without a hole. */
  async #catchUp(link: number): Promise<void> {
    let pauseMs = this.#limits.retryMinMs;
    for (let idleRounds = 0; ;) {
      const heldBefore = this.#buffer.length;
      this.#bufferWasDiscarded = false;
      let read: ReadResult;
      try {
        read = await this.#read();
      } catch (error) {
        this.#expectRetryable(error);
        await this.#pause(pauseMs);
        if (link !== this.#link) return;
        pauseMs = Math.min(2 * pauseMs, this.#limits.retryMaxMs);
        continue;
      }
      if (link !== this.#link) return;
      const headBefore = this.#head;
      this.#take(read);
      if (read.more && read.proof === "linked") continue;
      if (!this.#bufferWasDiscarded && this.#splice(heldBefore)) break;
      idleRounds = this.#head === headBefore ? idleRounds + 1 : 0;
      if (idleRounds < this.#limits.repairRounds) continue;
      this.#events.status("degraded", "the store's answers and its pushes do not join");
      this.#clearBuffer();
      await this.#pause(this.#limits.repairPauseMs);
      if (link !== this.#link) return;
      idleRounds = 0;
    }
    this.#go("spliced");
    this.#quietSinceMs = this.#clock.monotonicMs();
    this.#events.status("live");
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #read(): Promise<ReadResult> {
    this.#counters.storeReads++;
    const { log, traits } = this.#engine;
    if (!traits.staleReads) return this.#readFrom(this.#head);
    // A replica that is behind may answer: what was appended before we attached would be missed until the audit.
    return log.heads([this.#name]).then(([head]) => this.#readFrom(head));
  }

  #readFrom(atLeast: Pos | undefined): Promise<ReadResult> {
    const { warmCount, readBytes } = this.#limits;
    const bounds = { bytes: readBytes, ...(atLeast === undefined ? {} : { atLeast }) };
    if (this.#head === undefined)
      return this.#engine.log.read(this.#name, { last: warmCount, limit: warmCount, ...bounds });
    return this.#engine.log.read(this.#name, { after: this.#head, limit: 1_000, ...bounds });
  }

  #take(read: ReadResult): void {
    if (this.#head === undefined) {
      for (const entry of read.entries) this.ring.push(entry);
      this.#head = read.head;
    } else if (read.proof === "linked") {
      for (const entry of read.entries) this.#accept(entry);
    } else {
      this.ring.clear();
      this.#events.replaced(read);
      this.#head = read.head;
    }
  }

  /**
   * Joins the entries pushed meanwhile to the head. The first `heldBefore` of them arrived before the last read began,
   * so that read has decided about every one of them that is not ahead of the head.
   *
   * @returns whether nothing is left that needs another read
   */
  #splice(heldBefore: number): boolean {
    const held = this.#buffer;
    this.#clearBuffer();
    let index = 0;
    for (const item of held) {
      const { gen, entry } = item;
      const isDecided = index++ < heldBefore;
      if (gen !== this.#attachment?.gen) continue;
      if (follows(this.head, entry, this.#engine.traits)) this.#accept(entry);
      else if (this.ring.has(entry.pos) || samePos(entry.pos, this.head)) continue;
      else if (isDecided && entry.pos.epoch === this.head.epoch && entry.pos.offset <= this.head.offset) continue;
      else this.#hold(gen, entry);
    }
    return this.#buffer.length === 0 && !this.#bufferWasDiscarded;
  }

  #clearBuffer(): void {
    this.#buffer = [];
    this.#bufferBytes = 0;
  }

  #go(trigger: "attached" | "spliced" | "broken" | "misfit" | "detach"): void {
    this.#state = logTransitions[this.#state][trigger] ?? this.#state;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #expectRetryable(error: unknown): void {
    if (error instanceof EngineError && error.code !== "failed") return;
    this.#events.status("degraded", messageOf(error));
    throw error; // an engine that breaks its own contract: a bug, not an outage
  }
}
