// What engines that have to be opened share: their parts are there from `start` to `stop`, and nothing works outside of that.

import type { Bus, Engine, EngineEnv, EngineError, Log, Registry, Traits } from "./engine.ts";

export interface EngineParts {
  readonly log: Log;
  readonly bus: Bus;
  readonly registry: Registry;
}

export abstract class EngineOnParts<Parts extends EngineParts> implements Engine {
  abstract readonly name: string;
  abstract readonly traits: Traits;
  #parts: Parts | undefined;
  #isStarting = false;

  get log(): Log {
    return this.parts.log;
  }

  get bus(): Bus {
    return this.parts.bus;
  }

  get registry(): Registry {
    return this.parts.registry;
  }

  /** @throws {EngineError} `failed` when it was started already, or what the engine's own opening throws */
  async start(env: EngineEnv): Promise<void> {
    if (this.#isStarting || this.#parts !== undefined) throw this.failed("started already");
    this.#isStarting = true;
    try {
      this.#parts = await this.assemble(env);
    } finally {
      this.#isStarting = false;
    }
  }

  /** Does nothing unless it was started. */
  async stop(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    await this.dismantle(parts);
  }

  /** @throws {EngineError} `failed` outside of its life */
  protected get parts(): Parts {
    if (this.#parts === undefined) throw this.failed("used before start() or after stop()");
    return this.#parts;
  }

  /** Opens everything, or nothing. @throws {EngineError} */
  protected abstract assemble(env: EngineEnv): Promise<Parts>;
  /** Ends everything, in order. */
  protected abstract dismantle(parts: Parts): Promise<void>;
  /** An error of this engine. */
  protected abstract failed(why: string): EngineError;
}
