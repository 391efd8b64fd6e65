// What the memory engines of one process share: logs, bus topics and the list of nodes. It outlives any node.

import { Signal, type Clock, type Random } from "@heddle/base";
import { EngineError, freshEpoch, type NodeId } from "../ports/index.ts";
import { MemoryLog } from "./memory-log.ts";

export interface MemoryStoreOptions {
  /** Logs held at most, 1…10_000_000, default 100_000. The least recently created idle log makes room, and so gets a new epoch. */
  readonly channelsMax?: number;
  /** Deduplication records held at most per channel, 1…10_000_000, default 100_000. More active producers are refused. */
  readonly recordsMax?: number;
}

type Receiver = (body: Uint8Array, from: NodeId) => void;
type Responder = (body: Uint8Array, from: NodeId) => Promise<Uint8Array>;

/** A store for `memoryEngine`. Give the same one to several engines to make them nodes of one cluster. */
export class MemoryStore {
  readonly topics = new Map<string, Set<Receiver>>();
  readonly responders = new Map<NodeId, Responder>();
  readonly nodes = new Set<NodeId>();
  readonly nodesChanged = new Signal<readonly NodeId[]>();
  readonly #logs = new Map<string, MemoryLog>();
  readonly #channelsMax: number;
  readonly #recordsMax: number;

  constructor({ channelsMax = 100_000, recordsMax = 100_000 }: MemoryStoreOptions = {}) {
    this.#channelsMax = channelsMax;
    this.#recordsMax = recordsMax;
  }

  /** The channel's log, created with a fresh epoch when absent. @throws {EngineError} `overloaded` when no log may go */
  log(channel: string, env: { readonly random: Random; readonly clock: Clock }): MemoryLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    if (this.#logs.size >= this.#channelsMax) this.#makeRoom();
    const log = new MemoryLog(freshEpoch(env.random), this.#recordsMax);
    this.#logs.set(channel, log);
    return log;
  }

  /** The log if the channel has one. */
  existing(channel: string): MemoryLog | undefined {
    return this.#logs.get(channel);
  }

  drop(channel: string): void {
    const log = this.#logs.get(channel);
    if (log === undefined) return;
    this.#logs.delete(channel);
    for (const sink of log.sinks) sink.broken(1, "the log was dropped");
  }

  #makeRoom(): void {
    for (const [channel, log] of this.#logs) {
      if (!log.isIdle) continue;
      this.#logs.delete(channel);
      return;
    }
    throw new EngineError(
      "overloaded",
      `memory engine: ${this.#channelsMax} channels are in use, channelsMax is ${this.#channelsMax}`,
    );
  }
}
