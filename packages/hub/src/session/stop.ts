// The word that something is not wanted any more, said once. Most of what could be stopped never is, and never looks: the
// signal is made when somebody asks for it.

import type { Stoppable } from "../ports/index.ts";

export class Stop implements Stoppable {
  #reason: Error | undefined;
  #controller: AbortController | undefined;
  #told: ((why: string) => void) | undefined;

  get isStopped(): boolean {
    return this.#reason !== undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Calls `told` when it is stopped, before those who hold the signal. There is one. */
  tell(told: (why: string) => void): void {
    this.#told = told;
  }

  /** The second time it does nothing. `why` is the message of the signal's reason. */
  stop(why: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = new Error(why);
    this.#told?.(why);
    this.#controller?.abort(this.#reason);
  }
}
