// A store in memory that can crash: what was written without sync since the last synced write is lost from some batch on.
// The model of the port that property tests and simulations run the engine on.

import type { Random } from "@heddle/base";
import { keyText } from "../records.ts";
import type { Change, KeyRange, KeyValue, KeyValueStore } from "../port.ts";

interface Row extends KeyValue {
  readonly text: string;
}

/** Survives its openings: each `open` is a process's, until `crash`. */
export class CrashableStore {
  #rows: readonly Row[] = [];
  #synced: readonly Row[] = [];
  /** Batches since then, oldest first. */
  #unsynced: (readonly Change[])[] = [];
  #life = 0;
  #isOpen = false;
  /** Turns an operation takes. */
  readonly #turns: () => number;

  /** @param turns  how many turns of promises an operation takes; drawn for each. Default: one */
  constructor(turns: () => number = () => 1) {
    this.#turns = turns;
  }

  /** Batches a crash may lose. */
  get unsyncedCount(): number {
    return this.#unsynced.length;
  }

  /** A process's view; it knows no more after a crash. @throws {Error} while another process has it open */
  async open(): Promise<KeyValueStore> {
    if (this.#isOpen) throw new Error("the store is open already");
    this.#isOpen = true;
    const life = ++this.#life;
    const during = async <T>(run: () => T): Promise<T> => {
      for (let turn = this.#turns(); turn > 0; turn--) await Promise.resolve();
      // A process that is no more hears nothing.
      if (life !== this.#life || !this.#isOpen) return new Promise<never>(() => undefined);
      return run();
    };
    return {
      get: (key) => during(() => this.#get(key)),
      range: (range) => {
        const view = this.#rows;
        return during(() => rangeOf(view, range));
      },
      write: (changes, { sync }) => during(() => this.#write(changes, sync)),
      close: () => during(() => void (this.#isOpen = false)),
    };
  }

  /** The process is killed; the system keeps what it was given. */
  kill(): void {
    this.#isOpen = false;
    this.#life++;
  }

  /** The power fails: of the batches since the last synced one only the first few survive, at random. Resolves to how many were lost. */
  crash(random: Pick<Random, "float">): number {
    this.kill();
    const keptCount = Math.floor(random.float() * (this.#unsynced.length + 1));
    const lostCount = this.#unsynced.length - keptCount;
    this.#rows = this.#synced;
    for (const changes of this.#unsynced.slice(0, keptCount)) this.#rows = applied(this.#rows, changes);
    this.#settle();
    return lostCount;
  }

  /** Removes one key, as a system does that loses writes out of order. */
  lose(key: Uint8Array): void {
    this.#rows = applied(this.#rows, [{ key, value: undefined }]);
    this.#settle();
  }

  /** Everything there is. */
  content(): readonly KeyValue[] {
    return this.#rows;
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#rows[indexOf(this.#rows, keyText(key))];
    return row?.text === keyText(key) ? row.value : undefined;
  }

  #write(changes: readonly Change[], sync: boolean): void {
    this.#rows = applied(this.#rows, changes);
    this.#unsynced.push(changes);
    if (sync) this.#settle();
  }

  #settle(): void {
    this.#synced = this.#rows;
    this.#unsynced = [];
  }
}

function rangeOf(rows: readonly Row[], range: KeyRange): readonly KeyValue[] {
  const found = rows.slice(indexOf(rows, keyText(range.from)), indexOf(rows, keyText(range.to)));
  if (range.reverse === true) found.reverse();
  const taken: KeyValue[] = [];
  let size = 0;
  for (const row of found) {
    if (taken.length === range.limit || size >= (range.bytes ?? Infinity)) break;
    taken.push(row);
    size += row.value.length;
  }
  return taken;
}

/** Index of the first row not below `text`. */
function indexOf(rows: readonly Row[], text: string): number {
  let least = 0;
  let most = rows.length;
  while (least < most) {
    const middle = (least + most) >> 1;
    if ((rows[middle] as Row).text < text) least = middle + 1;
    else most = middle;
  }
  return least;
}

function applied(rows: readonly Row[], changes: readonly Change[]): readonly Row[] {
  const next = [...rows];
  for (const { key, value } of changes) {
    const text = keyText(key);
    const index = indexOf(next, text);
    const isThere = next[index]?.text === text;
    if (value === undefined) next.splice(index, isThere ? 1 : 0);
    else next.splice(index, isThere ? 1 : 0, { key, value, text });
  }
  return next;
}
