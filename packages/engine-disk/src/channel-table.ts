// Which channels there are, and their logs' lives: found, born, erased, begun anew. At most so many are held in memory.

import type { Random } from "@heddle/base";
import { EngineError, freshEpoch } from "@heddle/hub/ports";
import { ChannelLog, Incarnation } from "./channel-log.ts";
import { channelKey, countsKey, entryKey, erasureKey, layoutKey, metaKey, offsetOf } from "./keys.ts";
import type { EngineSettings } from "./limits.ts";
import type { KeyValueStore } from "./port.ts";
import { pack, unpack, unpackEntry, type Counts, type Meta } from "./values.ts";
import type { Writer } from "./writer.ts";

/** There is one process and no link that could break. */
export const onlyGeneration = 1;

const layoutVersion = 1;
/** Busy channels passed over in search of one that can leave memory. */
const busyPassedMax = 64;

export interface TableEnv {
  readonly store: KeyValueStore;
  readonly writer: Writer;
  readonly settings: EngineSettings;
  readonly random: Random;
  readonly nowMs: () => number;
}

interface Loaded {
  readonly log: ChannelLog;
  readonly loading: Promise<void>;
}

export class ChannelTable {
  readonly #env: TableEnv;
  #counts: Counts;
  readonly #cached = new Map<string, Loaded>();

  private constructor(env: TableEnv, counts: Counts) {
    this.#env = env;
    this.#counts = counts;
  }

  /** @throws {EngineError} `failed` when the store was written by another layout */
  static async open(env: TableEnv): Promise<ChannelTable> {
    const { store, writer, settings } = env;
    const layout = await store.get(layoutKey);
    if (layout !== undefined && unpack(layout).head !== layoutVersion) {
      const text = `has layout ${JSON.stringify(unpack(layout).head)}, this version reads ${layoutVersion}`;
      throw new EngineError("failed", `disk engine: ${settings.path}: ${text}`);
    }
    if (layout === undefined) {
      writer.begin();
      writer.put(layoutKey, pack(layoutVersion));
      await writer.settled();
    }
    const counts = await store.get(countsKey);
    return new ChannelTable(env, counts === undefined ? { nextLog: 1, channels: 0 } : (unpack(counts).head as Counts));
  }

  /** Runs `task` with the channel's log in memory. @throws {EngineError} */
  async with<T>(channel: string, task: (log: ChannelLog) => Promise<T>): Promise<T> {
    const { log, loading } = this.#cached.get(channel) ?? this.#load(channel);
    log.operations++;
    try {
      await loading;
      return await task(log);
    } finally {
      log.operations--;
    }
  }

  /** Every listener is told; nothing is held any more. */
  breakAll(why: string): void {
    for (const { log } of this.#cached.values()) log.breakSinks(onlyGeneration, why);
  }

  /** Gives the channel a new log and has the old one erased. Listeners are told once that is written. */
  async beginAnew(log: ChannelLog, why: string): Promise<void> {
    const { writer } = this.#env;
    writer.begin();
    this.#end(log.decided.number);
    this.#bear(log);
    const born = log.decided;
    await this.#written(() => {
      log.shown = born;
      log.breakSinks(onlyGeneration, why);
    });
  }

  /** Forgets a channel nobody uses but the one operation that asks for it. Its next use finds nothing and begins anew. */
  forgetIfUnused(log: ChannelLog): void {
    if (log.operations > 1 || log.sinks.size > 0) return;
    const { writer } = this.#env;
    writer.begin();
    this.#end(log.decided.number);
    writer.delete(channelKey(log.name));
    this.#count({ ...this.#counts, channels: this.#counts.channels - 1 });
    this.#cached.delete(log.name);
  }

  /** Puts the log's meta into the open batch, as it will be when that leaves. */
  putMeta(log: ChannelLog, incarnation: Incarnation): void {
    const { number } = incarnation;
    this.#env.writer.putLatest(metaId(number), metaKey(number), () => pack(incarnation.meta(log.name)));
  }

  #load(channel: string): Loaded {
    if (this.#cached.size >= this.#env.settings.limits.channelsCached) this.#makeRoom();
    const log = new ChannelLog(channel);
    const loading = this.#find(log);
    const loaded = { log, loading };
    this.#cached.set(channel, loaded);
    loading.catch(() => {
      if (this.#cached.get(channel) === loaded) this.#cached.delete(channel); // whoever waits is told; the next one tries again
    });
    return loaded;
  }

  async #find(log: ChannelLog): Promise<void> {
    const { store, writer, settings } = this.#env;
    await writer.settled(); // what was decided about the channel while it was not in memory is in the store
    const pointer = await store.get(channelKey(log.name));
    if (pointer !== undefined) {
      const number = unpack(pointer).head as number;
      const meta = await store.get(metaKey(number));
      const incarnation = meta && (await this.#checked(number, unpack(meta).head as Meta));
      if (incarnation !== undefined) {
        log.decided = incarnation;
        return;
      }
      writer.begin(); // head and entries disagree: the system lost unsynced writes
      this.#end(number);
    } else {
      const { channels } = this.#counts;
      if (channels >= settings.limits.channelsMax) {
        const text = `holds ${channels} channels, limits.channelsMax is ${settings.limits.channelsMax}`;
        throw new EngineError("overloaded", `disk engine: ${settings.path}: ${text}`);
      }
      writer.begin();
      this.#count({ ...this.#counts, channels: channels + 1 });
    }
    this.#bear(log);
    await writer.settled();
  }

  /** The log a meta describes, or undefined when the entries are not those it speaks of. */
  async #checked(number: number, meta: Meta): Promise<Incarnation | undefined> {
    const { store } = this.#env;
    const all = { from: entryKey(number, 0), to: entryKey(number, Number.MAX_SAFE_INTEGER), limit: 1 };
    const [[newest], [oldest]] = await Promise.all([store.range({ ...all, reverse: true }), store.range(all)]);
    const log = new Incarnation(number, meta);
    if (newest === undefined || oldest === undefined) return meta.floor === meta.offset ? log : undefined;
    const last = unpackEntry(meta.epoch, offsetOf(newest.key), newest.value).pos;
    if (last.offset !== meta.offset || last.tag !== meta.tag) return undefined;
    log.erased = offsetOf(oldest.key) - 1;
    return log.erased <= meta.floor ? log : undefined;
  }

  /** Leaves a log without a meta, for the sweep to erase. Within a batch that has begun. */
  #end(number: number): void {
    const { writer } = this.#env;
    writer.put(erasureKey(number), new Uint8Array());
    writer.putLatest(metaId(number), metaKey(number), () => undefined);
  }

  /** A new log for the channel, within a batch that has begun. */
  #bear(log: ChannelLog): void {
    const { writer, random, nowMs } = this.#env;
    const number = this.#counts.nextLog;
    this.#count({ ...this.#counts, nextLog: number + 1 });
    log.decided = Incarnation.born(number, freshEpoch(random), nowMs());
    writer.put(channelKey(log.name), pack(number));
    this.putMeta(log, log.decided);
  }

  #count(counts: Counts): void {
    this.#counts = counts;
    this.#env.writer.putLatest("counts", countsKey, () => pack(this.#counts));
  }

  /** Runs `then` in its turn among everything that becomes visible, and waits for it. */
  #written(then: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#env.writer.whenWritten((error) => {
        if (error !== undefined) return reject(error);
        then();
        resolve();
      });
    });
  }

  /** @throws {EngineError} `overloaded` */
  #makeRoom(): void {
    let passed = 0;
    for (const [channel, loaded] of this.#cached) {
      this.#cached.delete(channel);
      if (loaded.log.isIdle) return;
      this.#cached.set(channel, loaded); // to the end: the next search begins with others
      if (++passed === busyPassedMax) break;
    }
    const { path, limits } = this.#env.settings;
    const text = `${this.#cached.size} channels are in use, limits.channelsCached is ${limits.channelsCached}`;
    throw new EngineError("overloaded", `disk engine: ${path}: ${text}`);
  }
}

const metaId = (number: number): string => `m${number}`;
