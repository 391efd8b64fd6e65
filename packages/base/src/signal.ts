// A typed event member: `thing.closed.on(…)`. Listeners run in the order they came; subscribing returns the way out.

/** The listening side of a signal. */
export interface Observable<T> {
  /** Calls `listener` on every later emission. The result unsubscribes; calling it again does nothing. */
  on(listener: (value: T) => void): () => void;
}

/** The emitting side. A listener that throws stops the emission: listeners are ours, and a throw there is a bug. */
export class Signal<T> implements Observable<T> {
  #listeners: readonly ((value: T) => void)[] = [];

  get hasListeners(): boolean {
    return this.#listeners.length > 0;
  }

  on(listener: (value: T) => void): () => void {
    const entry = (value: T): void => listener(value); // the same function may be subscribed twice
    this.#listeners = [...this.#listeners, entry];
    return () => {
      this.#listeners = this.#listeners.filter((kept) => kept !== entry);
    };
  }

  emit(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
}
