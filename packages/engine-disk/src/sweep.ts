// Clearing away, a bounded step at a time: records that expired, logs that ended, entries past their age in channels
// nobody uses, and channels that have held nothing for long. What it misses it meets again on its next round.

import type { Clock } from "@heddle/base";
import type { DiskLog } from "./disk-log.ts";
import { belongings, erasures, expiringRecord, expiriesUntil, expiryKey, logOf, metasFrom } from "./keys.ts";
import type { EngineSettings } from "./limits.ts";
import type { KeyValueStore } from "./port.ts";
import { keyText, type Records } from "./records.ts";
import { unpack, type DedupRecord, type Meta } from "./values.ts";
import type { Writer } from "./writer.ts";

/** Pause after a step that left something over. Milliseconds. */
const restMs = 50;

export interface SweepEnv {
  readonly store: KeyValueStore;
  readonly writer: Writer;
  readonly records: Records;
  readonly log: DiskLog;
  readonly settings: EngineSettings;
  readonly clock: Clock;
  readonly nowMs: () => number;
}

export class Sweep implements AsyncDisposable {
  readonly #env: SweepEnv;
  #timer: Disposable | undefined;
  #step: Promise<void> = Promise.resolve();
  #isOver = false;
  #nextLog = 0;

  constructor(env: SweepEnv) {
    this.#env = env;
    this.#later(env.settings.limits.sweepMs);
  }

  /** Resolves when the step under way is over; there is no other. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    await this.#step;
  }

  #later(delayMs: number): void {
    if (this.#isOver) return;
    this.#timer = this.#env.clock.after(delayMs, () => {
      this.#step = this.#run().then(
        (isMore) => this.#later(isMore ? restMs : this.#env.settings.limits.sweepMs),
        // What a step could not do it will meet again; whoever uses the channel is told why.
        () => this.#later(this.#env.settings.limits.sweepMs),
      );
    });
  }

  /** One step of each kind. Resolves to whether something was left over. */
  async #run(): Promise<boolean> {
    const left = [await this.#records(), await this.#endedLogs(), await this.#channels()];
    await this.#env.writer.settled();
    return left.includes(true);
  }

  async #records(): Promise<boolean> {
    const { store, writer, records, settings, nowMs } = this.#env;
    const limit = settings.limits.sweepCount;
    const written = records.watch();
    try {
      await writer.settled(); // what was decided before we watch can be read
      const due = await store.range({ ...expiriesUntil(nowMs()), limit });
      const keys = due.map(({ key }) => expiringRecord(key));
      const values = await Promise.all(keys.map((key) => store.get(key)));
      if (due.length > 0) writer.begin();
      for (const [index, key] of keys.entries()) {
        if (written.has(keyText(key))) continue; // written while we looked: next time
        writer.delete((due[index] as { readonly key: Uint8Array }).key);
        const value = values[index];
        if (value === undefined) continue;
        const { untilMs } = unpack(value).head as DedupRecord;
        if (untilMs > nowMs()) writer.put(expiryKey(untilMs, key), new Uint8Array());
        else writer.delete(key);
      }
      return due.length === limit;
    } finally {
      records.unwatch();
    }
  }

  async #endedLogs(): Promise<boolean> {
    const { store, writer, settings } = this.#env;
    const limit = settings.limits.sweepCount;
    const [ended] = await store.range({ ...erasures, limit: 1 });
    if (ended === undefined) return false;
    for (const range of belongings(logOf(ended.key))) {
      const found = await store.range({ ...range, limit, bytes: settings.limits.batchBytes });
      if (found.length === 0) continue;
      writer.begin();
      for (const { key } of found) writer.delete(key);
      return true;
    }
    writer.begin();
    writer.delete(ended.key);
    return true;
  }

  /** The next few channels: entries past their age or not yet erased, and channels nobody needs any more. */
  async #channels(): Promise<boolean> {
    const { store, log, settings } = this.#env;
    const limit = settings.limits.sweepCount;
    const metas = await store.range({ ...metasFrom(this.#nextLog), limit });
    let isMore = false;
    for (const { key, value } of metas) {
      const { name } = unpack(value).head as Meta;
      if (!(await log.tidy(name, limit))) continue;
      if (!isMore) this.#nextLog = logOf(key); // the next step begins where this one left something
      isMore = true;
    }
    if (isMore) return true;
    const last = metas.at(-1);
    this.#nextLog = last === undefined || metas.length < limit ? 0 : logOf(last.key) + 1;
    return false;
  }
}
