// A server's own disk in a simulated world: the engine that writes to it is handed in, and what becomes of what it wrote
// when its process or its machine ends is noticed here. Knows nothing of how anything is stored.

import type { Clock, Random } from "@heddle/base";
import type { Engine, Entry, ReadResult } from "@heddle/hub/ports";
import { channelNames, kindOf } from "./sim-application.ts";
import type { StoreEvents } from "./sim-store.ts";

/** When an answered append is on the disk: before it is answered, or soon after. */
export type DiskSync = "always" | "interval";

/** A disk and the engine on it, as whoever runs the simulation provides them: the test kit knows no engine's package. */
export interface SimDisk {
  /**
   * The engine of one process. Resolves to nothing any more once that process has ended.
   *
   * @param pause  how long the disk takes, awaited before and after each write
   */
  engine(node: string, pause: () => Promise<void>): Engine;
  /** The process was killed; the system keeps what it was given. */
  kill(): void;
  /** The power failed: what was not synced may be lost, from some write on. @returns how many writes were */
  crash(random: Random): number;
}

/** Makes an empty disk whose engine syncs as told. */
export type NewDisk = (sync: DiskSync) => SimDisk;

/** Longest time the disk takes before a write has happened, and until its end is heard. Milliseconds. */
const writeMs = 8;
const everything = { last: 100_000, limit: 100_000, bytes: 1e9 };

/** What stood in a channel's log when it was last looked at. */
interface Seen {
  readonly epoch: string;
  offset: number;
}

export class SimDiskStore {
  readonly #disk: SimDisk;
  readonly #random: Random;
  readonly #events: StoreEvents;
  readonly #seen = new Map<string, Seen>();
  #engine: Engine | undefined;

  constructor(disk: SimDisk, random: Random, events: StoreEvents) {
    this.#disk = disk;
    this.#random = random;
    this.#events = events;
  }

  /** The engine for a server process, which starts it. What it shows is written to the history before anybody else sees it. */
  engineOf(node: string, process: Clock): Engine {
    const pause = (): Promise<void> =>
      new Promise((resolve) => void process.after(this.#random.float() * writeMs, resolve));
    const engine = this.#disk.engine(node, pause);
    const { name, traits } = engine;
    return {
      ...{ name, traits },
      get log() {
        return engine.log;
      },
      get bus() {
        return engine.bus;
      },
      get registry() {
        return engine.registry;
      },
      start: async (env) => {
        await engine.start(env);
        this.#engine = engine;
        for (const ch of channelNames) await this.#watch(ch, engine);
      },
      stop: () => engine.stop(),
    };
  }

  /** The server's process ends. @returns how many writes went with its machine */
  end(how: "process" | "machine"): number {
    if (how === "machine") return this.#disk.crash(this.#random);
    this.#disk.kill();
    return 0;
  }

  /** A channel as one reader finds it now. @throws when no server runs */
  read(ch: string): Promise<ReadResult> {
    if (this.#engine === undefined) throw new Error("no server has the disk open");
    return this.#engine.log.read(ch, everything);
  }

  /** Compares what the disk has kept with what was seen, then looks on. */
  async #watch(ch: string, engine: Engine): Promise<void> {
    const { head, entries } = await engine.log.read(ch, everything);
    const seen = this.#seen.get(ch);
    if (seen?.epoch === head.epoch && head.offset < seen.offset) {
      this.#events.truncated(ch, head);
      seen.offset = head.offset;
    }
    // What was written and never shown is there all the same.
    for (const entry of entries) this.#shown(ch, entry);
    await engine.log.attach(ch, {
      entry: (_gen, entry) => this.#shown(ch, entry),
      broken: (_gen, why) => {
        throw new Error(`${ch}: the disk engine lost its own log: ${why}`);
      },
    });
  }

  #shown(ch: string, entry: Entry): void {
    const { pos, prevOffset } = entry;
    const seen = this.#seen.get(ch);
    if (seen?.epoch === pos.epoch && pos.offset <= seen.offset) return;
    this.#seen.set(ch, { epoch: pos.epoch, offset: pos.offset });
    const floor = Math.max(0, pos.offset - (kindOf(ch)?.entries ?? Infinity));
    this.#events.stored(ch, pos, prevOffset, floor, entry);
  }
}
