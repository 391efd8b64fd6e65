// The engine as a whole: opens the store, puts the parts together, ends them in order, and says what it guarantees.

import type { Clock } from "@heddle/base";
import {
  EngineError,
  type Bus,
  type Engine,
  type EngineEnv,
  type Log,
  type NodeId,
  type Registry,
  type Traits,
} from "@heddle/hub/ports";
import { ChannelTable } from "./channel-table.ts";
import { DiskLog } from "./disk-log.ts";
import { resolveDisk, type EngineOptions, type EngineSettings } from "./limits.ts";
import { LocalBus, localRegistry } from "./local-node.ts";
import type { KeyValueStore } from "./port.ts";
import { Records } from "./records.ts";
import { Sweep } from "./sweep.ts";
import { Writer, type DiskCounters } from "./writer.ts";

/** An engine whose logs outlive the process. One process at a time. */
export interface DiskEngine extends Engine {
  /** What was written since the start. Only rises. */
  readonly counters: Readonly<DiskCounters>;
}

export interface DiskEngineOptions extends EngineOptions {
  /** Where the store is, for messages. */
  readonly path: string;
  /** Opens the store; the engine closes it. Called at every `start`. @throws {EngineError} */
  readonly open: () => Promise<KeyValueStore>;
  /** Name of this node. Default: drawn at every start. */
  readonly node?: NodeId;
}

/** The engine over any store of keys and values. @throws {OptionError} */
export function diskEngineOn({ path, open, node, ...options }: DiskEngineOptions): DiskEngine {
  return new Disk(resolveDisk(path, options), open, node);
}

interface Parts {
  readonly log: Log;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly store: KeyValueStore;
  readonly writer: Writer;
  readonly sweep: Sweep;
}

class Disk implements DiskEngine {
  readonly name = "disk";
  readonly traits: Traits;
  readonly #settings: EngineSettings;
  readonly #open: () => Promise<KeyValueStore>;
  readonly #node: NodeId | undefined;
  #parts: Parts | undefined;
  #isStarting = false;

  constructor(settings: EngineSettings, open: () => Promise<KeyValueStore>, node: NodeId | undefined) {
    this.#settings = settings;
    this.#open = open;
    this.#node = node;
    const isSynced = settings.sync === "always";
    this.traits = {
      ...{ offsets: "dense", prevTag: true, staleReads: false, cas: true, producer: "append", history: "indexed" },
      phantoms: !isSynced,
      // Unsynced, an answered append survives the process but not the machine.
      ack: isSynced ? "fsync" : "primary",
      dedupWindowMs: settings.limits.dedupWindowMs,
    };
  }

  get log(): Log {
    return this.#started().log;
  }

  get bus(): Bus {
    return this.#started().bus;
  }

  get registry(): Registry {
    return this.#started().registry;
  }

  get counters(): Readonly<DiskCounters> {
    return this.#started().writer.counters;
  }

  /** @throws {EngineError} `failed`: in use by another process, damaged, or of another layout */
  async start(env: EngineEnv): Promise<void> {
    if (this.#isStarting || this.#parts !== undefined) throw this.#failed("started already");
    this.#isStarting = true;
    try {
      const store = await this.#open();
      this.#parts = await this.#assemble(store, env).catch(async (error: unknown) => {
        await store.close();
        throw error;
      });
    } finally {
      this.#isStarting = false;
    }
  }

  /** Writes what is under way, forces it onto the disk, and lets go of the store. */
  async stop(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    await parts.sweep[Symbol.asyncDispose]();
    try {
      await parts.writer.close();
    } finally {
      await parts.store.close();
    }
  }

  async #assemble(store: KeyValueStore, { clock, random }: EngineEnv): Promise<Parts> {
    const settings = this.#settings;
    const nowMs = storeTime(clock);
    const writer = new Writer(store, settings, clock, (error) => table?.breakAll(error.message));
    const records = new Records(store, writer, settings.limits.recordsCached);
    const table: ChannelTable = await ChannelTable.open({ store, writer, settings, random, nowMs });
    const env = { store, writer, table, records, settings, clock, nowMs };
    const log = new DiskLog(env);
    const self = this.#node ?? `n${random.u32().toString(36)}`;
    const sweep = new Sweep({ ...env, log });
    return { log, bus: new LocalBus(self, clock), registry: localRegistry(self), store, writer, sweep };
  }

  #started(): Parts {
    if (this.#parts === undefined) throw this.#failed("used before start() or after stop()");
    return this.#parts;
  }

  #failed(why: string): EngineError {
    return new EngineError("failed", `disk engine: ${this.#settings.path}: ${why}`);
  }
}

/** The wall clock, as it was at the start, going on steadily: a jump of it must not make records expire early. */
function storeTime(clock: Clock): () => number {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  return () => clock.monotonicMs() + offsetMs;
}
