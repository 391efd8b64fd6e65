// The engine's log: append, attach, read, heads and drop over a store of keys and values.
// An append is decided at once, in the order it came, against what was decided before it; it is shown and answered when
// its batch is written. So nothing is seen that the store does not have, and one write serves many.

import { messageOf, type Clock } from "@heddle/base";
import { rootTag } from "@heddle/protocol";
import { EngineError, type Appended, type Draft, type Entry, type Log, type Sink } from "@heddle/hub/ports";
import type { ChannelLog, Incarnation } from "./channel-log.ts";
import { onlyGeneration, type ChannelTable } from "./channel-table.ts";
import { entryKey } from "./keys.ts";
import { erasedPerAppend, type EngineSettings } from "./limits.ts";
import type { KeyValueStore } from "./port.ts";
import { hideExpired, HoleError, read } from "./reader.ts";
import { numberOf, refusal, type Records } from "./records.ts";
import { DamagedError, packEntry, type DedupRecord } from "./values.ts";
import type { Writer } from "./writer.ts";

export interface LogEnv {
  readonly store: KeyValueStore;
  readonly writer: Writer;
  readonly table: ChannelTable;
  readonly records: Records;
  readonly settings: EngineSettings;
  readonly clock: Clock;
  /** Store time: the wall clock at the start, then monotonic. Milliseconds. */
  readonly nowMs: () => number;
}

export class DiskLog implements Log {
  readonly #env: LogEnv;
  #pendingAppends = 0;
  #pendingBytes = 0;

  constructor(env: LogEnv) {
    this.#env = env;
  }

  async append(channel: string, draft: Draft): Promise<Appended> {
    this.#expectRoom();
    const bytes = draft.data.length;
    this.#pendingAppends++;
    this.#pendingBytes += bytes;
    try {
      return await this.#using(channel, async (log) => {
        const { answer } = await log.inOrder(() => this.#decide(log, draft));
        return await answer;
      });
    } finally {
      this.#pendingAppends--;
      this.#pendingBytes -= bytes;
    }
  }

  attach(channel: string, sink: Sink): ReturnType<Log["attach"]> {
    return this.#using(channel, async (log) => {
      log.sinks.add(sink);
      return { gen: onlyGeneration, detach: () => void log.sinks.delete(sink) };
    });
  }

  read(...[channel, query]: Parameters<Log["read"]>): ReturnType<Log["read"]> {
    const { store, table, clock } = this.#env;
    return this.#using(channel, async (log) => {
      for (;;) {
        const seen = log.shown;
        try {
          await hideExpired(store, seen, clock.wallMs() - seen.ageMs);
          return await read(store, seen, query);
        } catch (error) {
          if (!(error instanceof HoleError)) throw error;
          // Once for all who noticed; a log begun anew is whole.
          await log.inOrder(async () => {
            if (log.decided === seen) await table.beginAnew(log, error.message);
          });
        }
      }
    });
  }

  heads(channels: readonly string[]): ReturnType<Log["heads"]> {
    return Promise.all(channels.map((channel) => this.#using(channel, async (log) => log.shown.head)));
  }

  drop(channel: string): Promise<void> {
    const { table } = this.#env;
    return this.#using(channel, (log) => log.inOrder(() => table.beginAnew(log, "the log was dropped")));
  }

  /**
   * Hides what is older than the channel keeps, erases up to `count` hidden entries, and forgets a channel that has been
   * empty for long. Resolves to whether there is more to erase.
   */
  tidy(channel: string, count: number): Promise<boolean> {
    const { store, writer, table, clock } = this.#env;
    return this.#using(channel, (log) =>
      log.inOrder(async () => {
        const incarnation = log.decided;
        try {
          await hideExpired(store, incarnation, clock.wallMs() - incarnation.ageMs);
        } catch (error) {
          if (!(error instanceof HoleError)) throw error;
          await table.beginAnew(log, error.message);
          return false;
        }
        if (incarnation.erased < incarnation.floor) {
          writer.begin();
          this.#erase(incarnation, count);
          table.putMeta(log, incarnation);
        } else if (this.#isForgettable(incarnation)) table.forgetIfUnused(log);
        return incarnation.erased < incarnation.floor;
      }),
    );
  }

  #isForgettable({ decided, floor, ageMs, usedMs }: Incarnation): boolean {
    const { settings, nowMs } = this.#env;
    const keptMs = Math.max(settings.limits.emptyChannelMs, Number.isFinite(ageMs) ? 2 * ageMs : 0);
    return decided.offset === floor && nowMs() - usedMs > keptMs;
  }

  /** Takes what is not an `EngineError` for one. */
  async #using<T>(channel: string, task: (log: ChannelLog) => Promise<T>): Promise<T> {
    try {
      return await this.#env.table.with(channel, task);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const { path } = this.#env.settings;
      const what = error instanceof DamagedError ? "a value is damaged" : "a read failed";
      throw new EngineError("failed", `disk engine: ${path}: ${what} (${messageOf(error)})`, { cause: error });
    }
  }

  /** @throws {EngineError} `overloaded` */
  #expectRoom(): void {
    const { limits, path } = this.#env.settings;
    if (this.#pendingAppends < limits.pendingAppends && this.#pendingBytes < limits.pendingBytes) return;
    const text = `${this.#pendingAppends} appends of ${this.#pendingBytes} bytes are under way`;
    const bounds = `limits.pendingAppends is ${limits.pendingAppends}, limits.pendingBytes ${limits.pendingBytes}`;
    throw new EngineError("overloaded", `disk engine: ${path}: ${text}; ${bounds}`);
  }

  /** Decides in its turn; what it resolves to holds the answer, which comes when what it rests on is written. */
  async #decide(log: ChannelLog, draft: Draft): Promise<{ readonly answer: Promise<Appended> }> {
    const { records, writer, nowMs } = this.#env;
    const incarnation = log.decided;
    const found = await records.find(incarnation.number, draft.dedup);
    const record = found !== undefined && found.untilMs > nowMs() ? found : undefined;
    const refused = refusal(draft, record, incarnation);
    if (refused !== undefined) return { answer: writer.settled().then(() => refused) };
    writer.begin();
    return { answer: this.#push(log, incarnation, draft, record) };
  }

  /** Entry, head, record and erasures, in one batch. */
  #push(log: ChannelLog, to: Incarnation, draft: Draft, record: DedupRecord | undefined): Promise<Appended> {
    const { writer, records, table, settings, nowMs } = this.#env;
    const entry = this.#entry(to, draft);
    const { pos } = entry;
    const n = numberOf(draft.dedup);
    to.decided = pos;
    to.decidedFloor = Math.max(to.decidedFloor, pos.offset - draft.keep.entries);
    to.ageMs = draft.keep.ageMs;
    to.usedMs = nowMs();
    writer.put(entryKey(to.number, pos.offset), packEntry(entry));
    this.#erase(to, erasedPerAppend);
    table.putMeta(log, to);
    const untilMs = to.usedMs + settings.limits.dedupWindowMs;
    const { offset, tag } = pos;
    const next = { n, offset, tag, hash: draft.dedup.hash, untilMs };
    records.put(to.number, draft.dedup, next, record === undefined);
    const floor = to.decidedFloor;
    return new Promise((resolve, reject) => {
      writer.whenWritten((error) => {
        if (error !== undefined) return reject(error);
        writer.counters.appends++;
        to.head = pos;
        to.raiseFloor(floor);
        // Visible before it is acknowledged: a publisher's own subscription never lags behind its `ok`.
        for (const sink of log.sinks) sink.entry(onlyGeneration, entry);
        resolve({ s: "new", pos });
      });
    });
  }

  #entry(to: Incarnation, draft: Draft): Entry {
    const { id, event, key, user, traceparent, kind, data } = draft;
    const { epoch, offset, tag } = to.decided;
    return {
      pos: { epoch, offset: offset + 1, tag: draft.tag },
      prevOffset: offset,
      prevTag: offset === 0 ? rootTag : tag,
      type: "data",
      ts: this.#env.clock.wallMs(),
      ...{ id, event, key, user, traceparent, kind, data },
    };
  }

  #erase(log: Incarnation, count: number): void {
    const { writer } = this.#env;
    const upTo = Math.min(log.floor, log.erased + count);
    while (log.erased < upTo) writer.delete(entryKey(log.number, ++log.erased));
  }
}
