// What a check works with: one engine on an empty store, drafts that differ only where the check cares, and time.

import { utf8Encode, type Random } from "@heddle/base";
import type { Pos } from "@heddle/protocol";
import type { Appended, Dedup, Draft, Engine, Entry, Log, ReadQuery, ReadResult } from "@heddle/hub/ports";
import { expectSame, expectThat } from "./expect.ts";
import type { PassingClock } from "./passing-clock.ts";

/** What a check needs beyond the port itself. */
export type Ability = "restart" | "time" | "request-to-self" | "peer";

export interface EngineCase {
  readonly title: string;
  readonly needs?: readonly Ability[];
  run(bench: Bench): Promise<void>;
}

/** Everything fits. */
export const all = { limit: 1_000, bytes: 1e7 };

const keepEverything = { entries: 1_000, ageMs: 3_600_000 };

/** Content of an entry, all of it. */
export type Content = Omit<Draft, "tag" | "epochIfNone" | "dedup" | "expect" | "keep">;

export class Bench {
  readonly clock: PassingClock;
  readonly #random: Random;
  readonly #restarted: () => Promise<Engine>;
  readonly #peer: () => Promise<Engine>;
  #engine: Engine;
  #drafts = 0;

  constructor(
    engine: Engine,
    clock: PassingClock,
    random: Random,
    { restarted, peer }: { readonly restarted: () => Promise<Engine>; readonly peer: () => Promise<Engine> },
  ) {
    this.#engine = engine;
    this.clock = clock;
    this.#random = random;
    this.#restarted = restarted;
    this.#peer = peer;
  }

  get engine(): Engine {
    return this.#engine;
  }

  get log(): Log {
    return this.#engine.log;
  }

  /** The engine ends in order; another takes over its store. */
  async restart(): Promise<void> {
    this.#engine = await this.#restarted();
  }

  /** Another node on the same store, started; ends with the check. */
  peer(): Promise<Engine> {
    return this.#peer();
  }

  /** A publish of producer x, number n behind n−1. */
  by(x: string, n: number, over: { readonly prev?: number; readonly hash?: string } = {}): Dedup {
    return { by: "producer", x, n, prev: n - 1, hash: `hash of ${n}`, ...over };
  }

  draft(over: Partial<Draft> = {}): Draft {
    const count = ++this.#drafts;
    return {
      tag: 2 + (this.#random.u32() % 0xffff_fff0),
      epochIfNone: `E${this.#random.u32().toString(36)}`,
      dedup: { by: "key", key: `draft ${count}`, hash: "h" },
      keep: keepEverything,
      id: `s:${count}`,
      ...{ event: "message", key: "", user: "", traceparent: "", kind: "json" as const },
      data: utf8Encode(JSON.stringify(`entry ${count}`)),
      ...over,
    };
  }

  append(channel: string, over: Partial<Draft> = {}): Promise<Appended> {
    return this.log.append(channel, this.draft(over));
  }

  /** Appends one that must be new. */
  async add(channel: string, over: Partial<Draft> = {}): Promise<Pos> {
    const appended = await this.append(channel, over);
    if (appended.s === "new") return appended.pos;
    expectSame("append", appended.s, "new");
    throw new Error("not reached");
  }

  async fill(channel: string, count: number, over: Partial<Draft> = {}): Promise<Pos[]> {
    const positions: Pos[] = [];
    for (let index = 0; index < count; index++) positions.push(await this.add(channel, over));
    return positions;
  }

  read(channel: string, query: Partial<ReadQuery> & ({ after: Pos } | { before: Pos } | { last: number })) {
    return this.log.read(channel, { ...all, ...query } as ReadQuery);
  }

  /** All that is retained. */
  whole(channel: string): Promise<ReadResult> {
    return this.read(channel, { last: all.limit });
  }

  async head(channel: string): Promise<Pos> {
    const [head] = await this.log.heads([channel]);
    if (head === undefined) throw new Error("heads: no answer");
    return head;
  }

  /** Waits, in real time and not for long, until something that happens by itself has happened. */
  async until(what: string, holds: () => boolean): Promise<void> {
    for (let turn = 0; turn < 2_000 && !holds(); turn++) await new Promise<void>((run) => this.clock.after(1, run));
    expectThat(`${what}: not within two seconds`, holds());
  }
}

export const positions = (entries: readonly Entry[]): Pos[] => entries.map(({ pos }) => pos);

/** What a sink was told. */
export class Listener {
  readonly entries: Entry[] = [];
  readonly generations: number[] = [];
  readonly breaks: string[] = [];

  entry(gen: number, entry: Entry): void {
    this.entries.push(entry);
    this.generations.push(gen);
  }

  broken(_gen: number, why: string): void {
    this.breaks.push(why);
  }
}
