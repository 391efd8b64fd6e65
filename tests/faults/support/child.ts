// One program under fault, as a child process: started, told things, frozen, killed. An end nobody ordered is an error that
// names what the program said. A program is loaded before it is needed, so that a restart takes no longer than a real one.

import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Order, Told } from "./programs.ts";

const startMs = 180_000; // a machine that is busy with other tests loads slowly
const answerMs = 120_000;

export class Child<Config> {
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #said: string;
  readonly #inbox: Told[] = [];
  readonly #end = new AbortController();
  #name: string;
  #isEndOrdered = false;
  /** Thaws it, if we do not. */
  #waker: ChildProcess | undefined;

  /**
   * Loads a program; it waits until it is begun.
   *
   * @param program  path of it
   * @param name    of the file in `folder` that takes what it prints
   * @param failed  told when it ends without having been told to
   */
  constructor(program: string, folder: string, name: string, failed: (why: string) => void) {
    this.#name = name;
    this.#said = join(folder, `${name}.said`);
    const said = openSync(this.#said, "a");
    this.#process = fork(program, { execArgv: [], stdio: ["ignore", said, said, "ipc"] });
    closeSync(said);
    this.#process.on("error", (error) => failed(`${this.name}: ${error.message}`));
    this.#process.on("message", (told) => this.#inbox.push(told as Told));
    this.ended = once(this.#process, "exit").then(([code, signal]) => {
      this.#end.abort();
      if (!this.#isEndOrdered) failed(`${this.name} ended by itself with ${String(code ?? signal)}:\n${this.said}`);
    });
  }

  get name(): string {
    return this.#name;
  }

  /** @param name  of this run in the history */
  begin(name: string, config: Config): void {
    this.#name = name;
    if (this.#process.connected) this.#process.send(config as object);
  }

  /** What it printed. */
  get said(): string {
    return readFileSync(this.#said, "utf8").trim();
  }

  /** The next message of this kind, come already or to come. @throws {Error} when it is late, or the program ends */
  async told<Is extends Told["is"]>(is: Is): Promise<Extract<Told, { is: Is }>> {
    const late = AbortSignal.timeout(is === "listening" || is === "working" ? startMs : answerMs);
    const signal = AbortSignal.any([late, this.#end.signal]);
    for (;;) {
      const at = this.#inbox.findIndex((told) => told.is === is);
      if (at >= 0) return this.#inbox.splice(at, 1)[0] as Extract<Told, { is: Is }>;
      if (signal.aborted) {
        const what = this.#end.signal.aborted ? "ended" : "is silent";
        throw new Error(`${this.name} ${what}, "${is}" was awaited:\n${this.said}`);
      }
      await once(this.#process, "message", { signal }).catch(() => undefined); // the signal is looked at above
    }
  }

  order(order: Order["do"] | "ask"): void {
    if (this.#process.connected) this.#process.send({ do: order });
  }

  /** Stops it until `thaw`, but no longer than this. */
  freeze(mostMs: number): void {
    const pid = String(this.#process.pid);
    // A frozen program does not see that we are gone; somebody else has to wake it then.
    const wake = ["-c", 'sleep "$0"; kill -CONT "$1"', String(mostMs / 1_000), pid];
    this.#waker = spawn("sh", wake, { detached: true, stdio: "ignore" });
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    const waker = this.#waker?.pid;
    this.#waker = undefined;
    try {
      if (waker !== undefined) process.kill(-waker); // with its `sleep`
    } catch {
      // it has done its work
    }
    this.#process.kill("SIGCONT");
  }

  /** Asks it to end by itself. */
  async leave(how: "leave" | "SIGTERM"): Promise<void> {
    this.#isEndOrdered = true;
    if (how === "leave") this.order("leave");
    else this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), answerMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it at once, frozen or not. */
  async kill(): Promise<void> {
    this.#isEndOrdered = true;
    this.thaw();
    this.#process.kill("SIGKILL");
    await this.ended;
  }
}
