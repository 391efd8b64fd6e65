// The engine as a whole: opens the store, puts the parts together, ends them in order, and says what it guarantees.

import type { Clock } from "@heddle/base";
import {
  EngineError,
  EngineOnParts,
  type Engine,
  type EngineEnv,
  type EngineParts,
  type NodeId,
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

interface Parts extends EngineParts {
  readonly store: KeyValueStore;
  readonly writer: Writer;
  readonly sweep: Sweep;
}

class Disk extends EngineOnParts<Parts> implements DiskEngine {
  readonly name = "disk";
  readonly traits: Traits;
  readonly #settings: EngineSettings;
  readonly #open: () => Promise<KeyValueStore>;
  readonly #node: NodeId | undefined;

  constructor(settings: EngineSettings, open: () => Promise<KeyValueStore>, node: NodeId | undefined) {
    super();
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

  get counters(): Readonly<DiskCounters> {
    return this.parts.writer.counters;
  }

  /** @throws {EngineError} `failed`: in use by another process, damaged, or of another layout */
  protected override async assemble(env: EngineEnv): Promise<Parts> {
    const store = await this.#open();
    try {
      return await this.#assemble(store, env);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Writes what is under way, forces it onto the disk, and lets go of the store. */
  protected override async dismantle({ sweep, writer, store }: Parts): Promise<void> {
    await sweep[Symbol.asyncDispose]();
    try {
      await writer.close();
    } finally {
      await store.close();
    }
  }

  protected override failed(why: string): EngineError {
    return new EngineError("failed", `disk engine: ${this.#settings.path}: ${why}`);
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
}

/** The wall clock, as it was at the start, going on steadily: a jump of it must not make records expire early. */
function storeTime(clock: Clock): () => number {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  return () => clock.monotonicMs() + offsetMs;
}
