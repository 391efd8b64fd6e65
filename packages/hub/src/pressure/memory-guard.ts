// What a node gives up when its memory runs short, in this order: what it keeps warm, newcomers, volatile events, and those
// who are behind anyway. Reads how full memory is through a port; knows neither V8 nor sockets.

import type { Clock } from "@heddle/base";
import type { HubCounters } from "../ports/index.ts";

/** How full this process's memory is. */
export interface MemoryReading {
  /** Share of the most it may use; 0…1. */
  usedShare(): number;
}

export interface MemoryLimits {
  /** Share from which rings are cut to a quarter. */
  readonly memoryTightShare: number;
  /** Share from which nobody new is taken. */
  readonly memoryFullShare: number;
  /** Share from which volatile events are dropped and lagging connections are closed. */
  readonly memoryCriticalShare: number;
  /** How often memory is looked at. Milliseconds. */
  readonly memoryLookMs: number;
}

export const memoryLevels = ["calm", "tight", "full", "critical"] as const;
export type MemoryLevel = (typeof memoryLevels)[number];

/** What is done about it. */
export interface MemoryRelief {
  /** Rings may hold this share of their budget from now on, and let go of the rest. */
  limitRings(share: number): void;
  /** Closes connections that are behind. */
  closeLagging(): void;
}

const tightRingShare = 0.25;
/** A level is left only below it by this much, so that one that hovers does not flap. */
const slackShare = 0.03;

export class MemoryGuard {
  readonly #relief: MemoryRelief;
  readonly #limits: MemoryLimits;
  readonly #counters: HubCounters;
  readonly #clock: Clock;
  #level: MemoryLevel = "calm";
  #timer: Disposable | undefined;

  /** @param reading  without one nothing is ever done */
  constructor(
    reading: MemoryReading | undefined,
    relief: MemoryRelief,
    env: { readonly clock: Clock; readonly counters: HubCounters; readonly limits: MemoryLimits },
  ) {
    this.#relief = relief;
    this.#limits = env.limits;
    this.#counters = env.counters;
    this.#clock = env.clock;
    if (reading !== undefined) this.#timer = this.#lookLater(reading);
  }

  get level(): MemoryLevel {
    return this.#level;
  }

  get takesNewcomers(): boolean {
    return this.#level === "calm" || this.#level === "tight";
  }

  get dropsVolatile(): boolean {
    return this.#level === "critical";
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #lookLater(reading: MemoryReading): Disposable {
    return this.#clock.after(this.#limits.memoryLookMs, () => {
      this.#timer = this.#lookLater(reading);
      this.#look(reading.usedShare());
    });
  }

  #look(share: number): void {
    const before = this.#level;
    this.#level = this.#levelAt(share);
    if (this.#level !== before) {
      this.#counters.memoryLevels[this.#level]++;
      if (before === "calm") this.#relief.limitRings(tightRingShare);
      if (this.#level === "calm") this.#relief.limitRings(1);
    }
    // Whoever is behind at the next look is closed then.
    if (this.#level === "critical") this.#relief.closeLagging();
  }

  #levelAt(share: number): MemoryLevel {
    const { memoryTightShare, memoryFullShare, memoryCriticalShare } = this.#limits;
    const from = { calm: -Infinity, tight: memoryTightShare, full: memoryFullShare, critical: memoryCriticalShare };
    const stands = memoryLevels.indexOf(this.#level);
    for (let index = memoryLevels.length - 1; index > 0; index--) {
      const level = memoryLevels[index] as MemoryLevel;
      if (share >= from[level] - (index <= stands ? slackShare : 0)) return level;
    }
    return "calm";
  }
}
