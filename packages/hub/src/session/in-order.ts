// Work that belongs to one name is done strictly one after another; different names do not wait for each other.

export class InOrder {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when everything given earlier under this name is done. `work` does not throw. */
  run(name: string, work: () => Promise<void>): void {
    const before = this.#tails.get(name);
    const tail = before === undefined ? work() : before.then(work);
    this.#tails.set(name, tail);
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
  }

  /** Resolves when everything given so far under this name is done; undefined when nothing is under way. */
  settled(name: string): Promise<void> | undefined {
    return this.#tails.get(name);
  }
}
