// Group commit: whatever is to be written while a write is under way shares the next one. Writes happen one at a time, in
// order; what waits for one is told after it, in order. Knows keys and values, not what they mean.

import { messageOf, type Clock } from "@heddle/base";
import { EngineError } from "@heddle/hub/ports";
import { syncedKey } from "./keys.ts";
import type { EngineSettings } from "./limits.ts";
import type { Change, KeyValueStore } from "./port.ts";
import { pack } from "./values.ts";

export interface DiskCounters {
  /** Entries written. */
  appends: number;
  /** Batches written. */
  batches: number;
  /** Batches that were forced onto the disk. */
  syncedWrites: number;
  /** Bytes of keys and values written. */
  bytes: number;
}

interface Group {
  readonly changes: Change[];
  /** Values of which only the last of the group is written; made when the group leaves. */
  readonly latest: Map<string, { readonly key: Uint8Array; readonly value: () => Uint8Array | undefined }>;
  readonly waiting: ((error: EngineError | undefined) => void)[];
  bytes: number;
}

const emptyGroup = (): Group => ({ changes: [], latest: new Map(), waiting: [], bytes: 0 });

export class Writer {
  readonly counters: DiskCounters = { appends: 0, batches: 0, syncedWrites: 0, bytes: 0 };
  readonly #store: KeyValueStore;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #failed: (error: EngineError) => void;
  #groups: Group[] = [];
  #flying: Group | undefined;
  #isAsked = false;
  #failure: EngineError | undefined;
  #syncTimer: Disposable | undefined;
  #isSyncDue = false;

  /** @param failed  told once, when a write failed: from then on everything is refused */
  constructor(store: KeyValueStore, settings: EngineSettings, clock: Clock, failed: (error: EngineError) => void) {
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Begins something that must not be torn: all changes until the end of this turn of JavaScript stay in one batch. */
  begin(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const open = this.#groups.at(-1);
    if (open === undefined || open.bytes >= this.#settings.limits.batchBytes) this.#groups.push(emptyGroup());
    if (this.#flying === undefined) this.#ask();
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#change({ key, value });
  }

  delete(key: Uint8Array): void {
    this.#change({ key, value: undefined });
  }

  /** Puts the value `key` has when the batch leaves, whatever was put before; undefined deletes. `id` is the key as text. */
  putLatest(id: string, key: Uint8Array, value: () => Uint8Array | undefined): void {
    this.#open().latest.set(id, { key, value });
  }

  /** Runs once what was put into the open batch is written, or with the reason why it is not. */
  whenWritten(run: (error: EngineError | undefined) => void): void {
    this.#open().waiting.push(run);
  }

  /** Whether a value of this id waits to be written. */
  isDirty(id: string): boolean {
    return this.#flying?.latest.has(id) === true || this.#groups.some(({ latest }) => latest.has(id));
  }

  /** Resolves when everything put so far is written. @throws {EngineError} */
  settled(): Promise<void> {
    const last = this.#groups.at(-1) ?? this.#flying;
    if (last === undefined) return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      last.waiting.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Writes what is left, forces it onto the disk, and ends. @throws {EngineError} */
  async close(): Promise<void> {
    await this.settled();
    if (this.counters.batches > 0 && this.#settings.sync !== "always") {
      this.#syncNow();
      await this.settled();
    }
    this.#syncTimer?.[Symbol.dispose]();
  }

  #open(): Group {
    const open = this.#groups.at(-1);
    if (open === undefined) throw new Error("Writer: change outside begin()");
    return open;
  }

  #change(change: Change): void {
    const open = this.#open();
    open.changes.push(change);
    open.bytes += change.key.length + (change.value?.length ?? 0);
  }

  /** Lets the batch leave at the end of the turn: with everything else that comes in it. */
  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#clock.turnEnd(() => {
      this.#isAsked = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#flying !== undefined) return;
    const group = this.#groups.shift();
    if (group === undefined) return;
    this.#flying = group;
    const sync = this.#settings.sync === "always" || this.#isSyncDue;
    this.#isSyncDue = false;
    const changes = [...group.changes];
    for (const { key, value } of group.latest.values()) changes.push({ key, value: value() });
    this.#store.write(changes, { sync }).then(
      () => this.#written(group, changes, sync),
      (error: unknown) => this.#fail(group, error),
    );
  }

  #written(group: Group, changes: readonly Change[], sync: boolean): void {
    const { counters } = this;
    counters.batches++;
    if (sync) counters.syncedWrites++;
    for (const { key, value } of changes) counters.bytes += key.length + (value?.length ?? 0);
    this.#flying = undefined;
    for (const told of group.waiting) told(undefined);
    if (!sync && this.#settings.sync === "interval") {
      this.#syncTimer ??= this.#clock.after(this.#settings.limits.syncMs, () => this.#syncNow());
    }
    if (this.#groups.length > 0) this.#ask(); // whoever was answered just now and goes on shares the next batch
  }

  #syncNow(): void {
    this.#syncTimer = undefined;
    if (this.#failure !== undefined) return;
    this.#isSyncDue = true;
    if (this.#groups.length > 0) return;
    this.begin();
    this.put(syncedKey, pack(this.counters.batches));
  }

  /** What was under way may or may not be on the disk; what waited is not. */
  #fail(group: Group, cause: unknown): void {
    const text = `disk engine: ${this.#settings.path}: a write failed (${messageOf(cause)})`;
    const failure = new EngineError("failed", `${text}; nothing is accepted until a restart`, { cause });
    this.#failure = failure;
    this.#flying = undefined;
    const waited = this.#groups;
    this.#groups = [];
    this.#syncTimer?.[Symbol.dispose]();
    const unknown = new EngineError("unknown", text, { cause });
    for (const told of group.waiting) told(unknown);
    for (const { waiting } of waited) for (const told of waiting) told(failure);
    this.#failed(failure);
  }
}
