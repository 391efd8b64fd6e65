// Work that belongs to one name is done strictly one after another; different names do not wait for each other.

export class InOrder {
  /** Absent while nothing is under way: most connections say nothing, and each has several of these. */
  #tails: Map<string, Promise<void>> | undefined;

  /** Runs `work` when everything given earlier under this name is done. `work` does not throw. */
  run(name: string, work: () => Promise<void>): void {
    const tails = (this.#tails ??= new Map<string, Promise<void>>());
    const before = tails.get(name);
    const tail = before === undefined ? work() : before.then(work);
    tails.set(name, tail);
    void tail.then(() => {
      if (tails.get(name) === tail) tails.delete(name);
      if (tails.size === 0 && this.#tails === tails) this.#tails = undefined;
    });
  }

  /** Resolves when everything given so far under this name is done; undefined when nothing is under way. */
  settled(name: string): Promise<void> | undefined {
    return this.#tails?.get(name);
  }
}
