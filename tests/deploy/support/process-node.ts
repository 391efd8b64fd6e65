// A node in a process of its own, as a test holds it.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DrainOptions } from "@heddle/server";

export interface NodeConfig {
  readonly name: string;
  /** 0: any. */
  readonly port: number;
  readonly pingMs: number;
  readonly drain: DrainOptions;
  /** A store it shares, and where it writes down what it stores there. Without: a memory of its own. */
  readonly shared?: { readonly url: string; readonly folder: string };
}

export class ProcessNode implements AsyncDisposable {
  name = "";
  port = 0;
  readonly #process: ChildProcess;

  /** Loads the program, which takes a while; `listen` is quick then. */
  constructor() {
    const program = fileURLToPath(new URL("node-program.ts", import.meta.url));
    this.#process = fork(program, { execArgv: ["--import", "tsx"] });
  }

  async listen(config: NodeConfig): Promise<this> {
    this.name = config.name;
    const listening = once(this.#process, "message");
    this.#process.send(config);
    [{ port: this.port }] = (await listening) as [{ readonly port: number }];
    return this;
  }

  /** Sends the signal; resolves with the exit code when the process has ended, null when the signal ended it. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}
