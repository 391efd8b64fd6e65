// What a run knows of a store that is a program of its own: where nodes find it, and what can befall it.

import type { SeededRandom } from "@heddle/base/fakes";

/** A fault that lasts until it is undone. 0: it is over at once. */
export interface Lasting {
  readonly forMs: number;
  undo(): void;
}

/** What can befall a store: it lasts, or ends by itself when the promise resolves. */
export type StoreFault = (random: SeededRandom, longestStopMs: number) => Lasting | Promise<unknown>;

export interface StoreProgram extends AsyncDisposable {
  /** Where the server at this index finds it. */
  urlsOf(index: number): readonly string[];
  readonly faults: Readonly<Record<string, StoreFault>>;
}
