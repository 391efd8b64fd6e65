// An engine on the model under a fake clock, and a way to wait for it.

import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import type { Appended, Draft } from "@heddle/hub/ports";
import { CrashableStore, diskEngineOn, type DiskEngine } from "../core.ts";
import type { EngineOptions } from "../limits.ts";
import { draftBy } from "./drafts.ts";

export class Drive {
  readonly clock = new FakeClock();
  readonly random = new SeededRandom(1);
  readonly store: CrashableStore;
  engine: DiskEngine;
  readonly #options: EngineOptions;

  private constructor(options: EngineOptions, store: CrashableStore) {
    this.#options = options;
    this.store = store;
    this.engine = this.#engine();
  }

  static async start(options: EngineOptions = {}, store = new CrashableStore()): Promise<Drive> {
    const drive = new Drive(options, store);
    await drive.all(drive.engine.start(drive));
    return drive;
  }

  /** As after a kill. */
  async startAgain(): Promise<void> {
    this.store.kill();
    this.engine = this.#engine();
    await this.all(this.engine.start(this));
  }

  /** Waits without letting time pass. */
  all<T>(running: Promise<T>): Promise<T> {
    return settled(this.clock, running);
  }

  /** Time passes in steps so small that what a timer began is over before the next one. */
  async pass(ms: number): Promise<void> {
    const stepMs = Math.max(500, ms / 400);
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      await this.clock.advanceAsync(Math.min(stepMs, leftMs));
      for (let turn = 0; turn < 20; turn++) await this.clock.settle();
    }
  }

  append(channel: string, x: string, n: number, over: Partial<Draft> = {}): Promise<Appended> {
    return this.engine.log.append(channel, draftBy(x, n, over));
  }

  async fill(channel: string, count: number, over: Partial<Draft> = {}): Promise<void> {
    for (let n = 1; n <= count; n++) await this.all(this.append(channel, "x", n, over));
  }

  /** Keys of the store that begin with this letter. */
  keys(letter: string): number {
    return this.store.content().filter(({ key }) => key[0] === letter.charCodeAt(0)).length;
  }

  #engine(): DiskEngine {
    return diskEngineOn({ path: "model", ...this.#options, open: () => this.store.open() });
  }
}

/** Waits for what needs no time to pass. @throws {Error} when it is not over after a thousand rounds */
export async function settled<T>(clock: FakeClock, running: Promise<T>): Promise<T> {
  const seen = { isOver: false };
  const noted = running.finally(() => (seen.isOver = true));
  noted.catch(() => undefined); // the caller gets the same promise
  for (let turn = 0; turn < 1_000 && !seen.isOver; turn++) await clock.settle();
  if (!seen.isOver) throw new Error("still under way");
  return noted;
}
