// Three nodes of one store, of which the oldest can be replaced by a new one at the same port, as a rolling restart does.

import { memoryEngine, MemoryStore } from "@heddle/server";
import { RedisServer } from "@heddle/testkit/process";
import type { FileRecorder } from "../../faults/support/history-file.ts";
import { recordingEngine } from "../../faults/support/recording-engine.ts";
import { startNode, type Node } from "./node.ts";
import { ProcessNode } from "./process-node.ts";

export const perSecond = 8;
const drain = { perSecond, leaveMs: 2_000 };
const pingMs = 5_000;

export interface Fleet extends AsyncDisposable {
  readonly ports: readonly number[];
  /** Drains the oldest node and starts another in its place. */
  replaceOldest(): Promise<void>;
}

export interface FleetOptions {
  /** Takes what is stored. */
  readonly recorder: FileRecorder;
  readonly folder: string;
}

/** In this process, on one memory. */
export class MemoryFleet implements Fleet {
  readonly #nodes: Node[] = [];
  readonly #store = new MemoryStore();
  readonly #recorder: FileRecorder;
  #startedCount = 0;

  private constructor(recorder: FileRecorder) {
    this.#recorder = recorder;
  }

  static async start({ recorder }: FleetOptions): Promise<MemoryFleet> {
    const fleet = new MemoryFleet(recorder);
    for (let count = 0; count < 3; count++) await fleet.#start(0);
    return fleet;
  }

  get ports(): number[] {
    return this.#nodes.map(({ address }) => address?.port ?? 0);
  }

  async replaceOldest(): Promise<void> {
    const old = this.#nodes.shift() as Node;
    const port = old.address?.port ?? 0;
    await old.drain(drain);
    await this.#start(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  async #start(port: number): Promise<void> {
    const engine = memoryEngine({ node: `n${++this.#startedCount}`, store: this.#store });
    this.#nodes.push(await startNode({ engine: recordingEngine(engine, this.#recorder), port, pingMs }));
  }
}

/** Processes of their own, on one Redis. */
export class RedisFleet implements Fleet {
  readonly #redis: RedisServer;
  readonly #folder: string;
  readonly #nodes: ProcessNode[] = [];
  /** Loaded, and not yet needed: three at first, then always the next one. */
  readonly #spares: ProcessNode[] = Array.from({ length: 3 }, () => new ProcessNode());
  #startedCount = 0;

  private constructor(redis: RedisServer, folder: string) {
    this.#redis = redis;
    this.#folder = folder;
  }

  static async start({ folder }: FleetOptions): Promise<RedisFleet> {
    const fleet = new RedisFleet(await RedisServer.start(), folder);
    for (let count = 0; count < 3; count++) await fleet.#start(0);
    return fleet;
  }

  get ports(): number[] {
    return this.#nodes.map(({ port }) => port);
  }

  async replaceOldest(): Promise<void> {
    this.#spares.push(new ProcessNode());
    const old = this.#nodes.shift() as ProcessNode;
    const code = await old.end("SIGTERM");
    if (code !== 0) throw new Error(`${old.name} ended with ${code}`);
    await this.#start(old.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes, ...this.#spares].map((node) => node[Symbol.asyncDispose]()));
    await this.#redis[Symbol.asyncDispose]();
  }

  async #start(port: number): Promise<void> {
    const spare = this.#spares.shift() as ProcessNode;
    const name = `n${++this.#startedCount}`;
    const shared = { url: this.#redis.url, folder: this.#folder };
    this.#nodes.push(await spare.listen({ name, port, pingMs, drain, shared }));
  }
}
