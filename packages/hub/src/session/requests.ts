// Requests of one connection that are under way: how many, how to stop them, and who gets a stream's credit.

export class Requests {
  /** Absent before the first call. */
  #stops: Map<number, AbortController> | undefined;
  /** Absent before the first stream. */
  #streams: Map<number, (takenCost: number) => void> | undefined;
  #openCount = 0;
  #publishCount = 0;

  get openCount(): number {
    return this.#openCount;
  }

  get publishCount(): number {
    return this.#publishCount;
  }

  get streamCount(): number {
    return this.#streams?.size ?? 0;
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
    const stops = (this.#stops ??= new Map());
    if (stops.has(r)) return undefined;
    const stop = new AbortController();
    stops.set(r, stop);
    return stop;
  }

  /** Registers a stream so that its credit reaches it, until it is `finished`. */
  streaming(r: number, credit: (takenCost: number) => void): void {
    (this.#streams ??= new Map()).set(r, credit);
  }

  /** The client has taken parts of this cost. Late or unknown: ignored. */
  credit(r: number, takenCost: number): void {
    this.#streams?.get(r)?.(takenCost);
  }

  finished(r: number): void {
    this.#stops?.delete(r);
    this.#streams?.delete(r);
  }

  stop(r: number, why: string): void {
    this.#stops?.get(r)?.abort(new Error(why));
  }

  stopAll(why: string): void {
    for (const stop of this.#stops?.values() ?? []) stop.abort(new Error(why));
    this.#stops = undefined;
  }
}
