// Requests of one connection that are under way: how many, and how to stop them.

export class Requests {
  readonly #stops = new Map<number, AbortController>();
  #openCount = 0;
  #publishCount = 0;

  get openCount(): number {
    return this.#openCount;
  }

  get publishCount(): number {
    return this.#publishCount;
  }

  /** Counts a request while it is carried out. */
  async counted(work: () => Promise<void>): Promise<void> {
    this.#openCount++;
    try {
      await work();
    } finally {
      this.#openCount--;
    }
  }

  publishBegun(): void {
    this.#publishCount++;
  }

  publishDone(): void {
    this.#publishCount--;
  }

  /** Registers a call so that `stop` reaches it. Undefined when a call with this number is open already. */
  stoppable(r: number): AbortController | undefined {
    if (this.#stops.has(r)) return undefined;
    const stop = new AbortController();
    this.#stops.set(r, stop);
    return stop;
  }

  finished(r: number): void {
    this.#stops.delete(r);
  }

  stop(r: number, why: string): void {
    this.#stops.get(r)?.abort(new Error(why));
  }

  stopAll(why: string): void {
    for (const stop of this.#stops.values()) stop.abort(new Error(why));
    this.#stops.clear();
  }
}
