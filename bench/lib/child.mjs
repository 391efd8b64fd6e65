// A process of the benchmark: started with a module, spoken to by messages, always ended.

import { fork } from "node:child_process";

const patienceMs = 60_000;

export class Child {
  #process;
  #waiting = [];
  #received = [];
  #receivers = new Map();
  #end = undefined;

  constructor(modulePath, args = []) {
    this.#process = fork(modulePath, args, {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#process.on("message", (message) => {
      const receive = this.#receivers.get(message.is);
      if (receive !== undefined) return receive(message);
      this.#received.push(message);
      this.#look();
    });
    this.#process.on("exit", (code, signal) => {
      this.#end = `ended with ${signal ?? code}`;
      this.#look();
    });
  }

  /** Does nothing once the process has ended: whoever waits for its answer is told. */
  send(message) {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Calls `receive` with every message of this kind, instead of keeping it for `next`. */
  on(is, receive) {
    this.#receivers.set(is, receive);
  }

  /** The next message of this kind. */
  next(is) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "${is}" within ${patienceMs} ms`)), patienceMs);
      this.#waiting.push({
        is,
        settle: (error, message) => (clearTimeout(timer), error ? reject(error) : resolve(message)),
      });
      this.#look();
    });
  }

  async end() {
    if (this.#end !== undefined) return;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }

  #look() {
    for (const waiting of [...this.#waiting]) {
      const index = this.#received.findIndex(({ is }) => is === waiting.is);
      if (index < 0 && this.#end === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      if (index >= 0) waiting.settle(undefined, this.#received.splice(index, 1)[0]);
      else waiting.settle(new Error(`a process of the benchmark ${this.#end} before "${waiting.is}"`));
    }
  }
}
