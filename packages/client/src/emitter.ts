// What the application gave us to call, by kind of event. Whatever it throws is reported and stops nothing.

import type { WirePos } from "@heddle/protocol";

export type Off = () => void;
/** What it returns is waited for when it is a promise, and of no account otherwise unless `R` says so. */
export type Listener<T, R = unknown> = (value: T) => R | Promise<R>;

/** Calls the functions of one kind in the order they came, the first at once, each when the one before is done. */
export type Tell<Kinds> = <Kind extends keyof Kinds>(
  kind: Kind,
  ...values: Extract<Kinds[Kind], unknown[]>
) => Promise<WirePos | undefined>;

/** Functions of the application. `Kinds` says what each kind of event passes. */
export type Emitter<Kinds> = readonly [
  /** Resolves, never rejects, when all are done: with the position the last of them returned, if any did. */
  tell: Tell<Kinds>,
  /** The result takes the listener away again; twice does nothing. */
  add: <Kind extends keyof Kinds>(kind: Kind, listener: (...values: Extract<Kinds[Kind], unknown[]>) => unknown) => Off,
];

/** @param failed  gets what they throw, or reject with */
export function newEmitter<Kinds>(failed: (error: unknown) => void): Emitter<Kinds> {
  type Entry = (...values: never[]) => unknown;
  const all = new Map<keyof Kinds, Set<Entry>>();
  const of = (kind: keyof Kinds): Set<Entry> => all.get(kind) ?? new Set();
  return [
    async (kind, ...values) => {
      const listeners = of(kind);
      let position: WirePos | undefined;
      for (const listener of [...listeners]) {
        if (!listeners.has(listener)) continue; // taken away while others were called
        try {
          const result = await listener(...(values as never[]));
          if (Array.isArray(result)) position = result as unknown as WirePos;
        } catch (error) {
          failed(error);
        }
      }
      return position;
    },
    (kind, listener) => {
      const entry: typeof listener = (...values) => listener(...values); // the same function may come twice
      const listeners = of(kind).add(entry);
      all.set(kind, listeners);
      return () => void listeners.delete(entry);
    },
  ];
}

/** What handlers throw is nobody's to swallow: it surfaces as if a timer had thrown it. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
