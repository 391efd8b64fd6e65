// What the application gave us to call, by kind of event. Whatever it throws is reported and stops nothing.

export type Off = () => void;
/** What it returns is waited for when it is a promise, and of no account otherwise unless `R` says so. */
export type Listener<T, R = unknown> = (value: T) => R | Promise<R>;

/** Functions of the application. `Kinds` says what each kind of event passes. */
export interface Emitter<Kinds> {
  readonly has: (kind: keyof Kinds) => boolean;
  /** The result takes the listener away again; twice does nothing. */
  readonly add: <Kind extends keyof Kinds>(kind: Kind, listener: Listener<Kinds[Kind]>) => Off;
  /**
   * Calls them in the order they came, the first at once, each when the one before is done. Resolves, never rejects, when
   * all are.
   *
   * @param returned  gets what they return, unless that is nothing
   */
  readonly tell: <Kind extends keyof Kinds>(
    kind: Kind,
    value: Kinds[Kind],
    returned?: (result: unknown) => void,
  ) => Promise<void>;
}

/** @param failed  gets what they throw, or reject with */
export function newEmitter<Kinds>(failed: (error: unknown) => void): Emitter<Kinds> {
  const all = new Map<keyof Kinds, Set<Listener<never>>>();
  const of = (kind: keyof Kinds): Set<Listener<never>> => all.get(kind) ?? new Set();
  return {
    has: (kind) => of(kind).size > 0,
    add(kind, listener) {
      const entry: typeof listener = (value) => listener(value); // the same function may come twice
      const listeners = of(kind).add(entry);
      all.set(kind, listeners);
      return () => void listeners.delete(entry);
    },
    async tell(kind, value, returned) {
      const listeners = of(kind);
      for (const listener of [...listeners]) {
        if (!listeners.has(listener)) continue; // taken away while others were called
        try {
          const result = await listener(value as never);
          if (result) returned?.(result);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
