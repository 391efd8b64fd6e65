// One channel as the engine holds it in memory: where its log stands, who listens, what is under way. No I/O.

import { rootOf, type Pos } from "@heddle/protocol";
import type { Sink } from "@heddle/hub/ports";
import type { Meta } from "./values.ts";

/** One life of a channel's log, from its epoch's birth on. Its number is never used again. */
export class Incarnation {
  readonly number: number;
  readonly epoch: string;
  /** Behind the last entry that was decided, written or not. */
  decided: Pos;
  /** Behind the last entry that was written. Everything in (floor, head] is in the store. */
  head: Pos;
  floor: number;
  /** What `floor` will be when everything decided is written. */
  decidedFloor: number;
  /** Entries up to this offset are erased. Never above `floor`: a reader's view keeps what it was promised. */
  erased: number;
  ageMs: number;
  /** When the log was last written, store time in ms. */
  usedMs: number;
  /** The oldest retained entry, when known. */
  oldest: { readonly offset: number; readonly ts: number } | undefined;
  /** The position `floor` stands for, when known. */
  floorPos: Pos;

  constructor(number: number, meta: Pick<Meta, "epoch" | "offset" | "tag" | "floor" | "ageMs" | "usedMs">) {
    this.number = number;
    this.epoch = meta.epoch;
    this.head = { epoch: meta.epoch, offset: meta.offset, tag: meta.tag };
    this.decided = this.head;
    this.floor = meta.floor;
    this.decidedFloor = meta.floor;
    this.erased = meta.floor;
    this.ageMs = meta.ageMs ?? Infinity;
    this.usedMs = meta.usedMs;
    this.floorPos = rootOf(meta.epoch);
  }

  static born(number: number, epoch: string, nowMs: number): Incarnation {
    const { offset, tag } = rootOf(epoch);
    return new Incarnation(number, { epoch, offset, tag, floor: 0, ageMs: null, usedMs: nowMs });
  }

  /** Hides everything up to `offset`; it is erased step by step. */
  raiseFloor(offset: number): void {
    if (offset > this.floor) this.floor = Math.min(offset, this.head.offset);
  }

  /** What the store shall know of it. */
  meta(name: string): Meta {
    const { epoch, decided, ageMs, usedMs } = this;
    const floor = Math.max(this.floor, this.decidedFloor);
    return {
      ...{ name, epoch, offset: decided.offset, tag: decided.tag, floor, usedMs },
      ageMs: Number.isFinite(ageMs) ? ageMs : null,
    };
  }
}

export class ChannelLog {
  readonly name: string;
  readonly sinks = new Set<Sink>();
  /** Operations under way; while there are any, or sinks, the channel stays in memory. */
  operations = 0;
  #decided: Incarnation | undefined;
  #shown: Incarnation | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string) {
    this.name = name;
  }

  /** The incarnation that appends go to. */
  get decided(): Incarnation {
    if (this.#decided === undefined) throw new Error(`ChannelLog ${this.name}: used before it was loaded`);
    return this.#decided;
  }

  set decided(incarnation: Incarnation) {
    this.#decided = incarnation;
    this.#shown ??= incarnation;
  }

  /** The incarnation that readers see. */
  get shown(): Incarnation {
    return this.#shown ?? this.decided;
  }

  set shown(incarnation: Incarnation) {
    this.#shown = incarnation;
  }

  get isIdle(): boolean {
    return this.operations === 0 && this.sinks.size === 0;
  }

  /** Runs `task` behind all earlier ones of this channel, whether they succeeded or not. */
  inOrder<T>(task: () => Promise<T>): Promise<T> {
    const running = this.#last.then(task);
    this.#last = running.catch(() => undefined); // whoever asked is told
    return running;
  }

  /** Tells and forgets all sinks. */
  breakSinks(gen: number, why: string): void {
    const sinks = [...this.sinks];
    this.sinks.clear();
    for (const sink of sinks) sink.broken(gen, why);
  }
}
