// Waiting for what must come, without sleeping: for things to arrive, and for conditions to hold.

const patienceMs = 5_000;

/** Things that arrive, to be waited for one by one. */
export class Inbox<T> {
  readonly all: T[] = [];
  #taken = 0;
  #wake: (() => void) | undefined;

  readonly take = (item: T): void => {
    this.all.push(item);
    this.#wake?.();
  };

  /** The next one not yet taken. */
  async next(): Promise<T> {
    await until(
      () => this.all.length > this.#taken,
      (wake) => (this.#wake = wake),
      () => `item ${this.#taken + 1}`,
    );
    return this.all[this.#taken++] as T;
  }

  /** The next `count` ones. */
  async nextOf(count: number): Promise<T[]> {
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(await this.next());
    return items;
  }
}

/** Waits until `isSo`, looking again whenever woken. */
export async function until(
  isSo: () => boolean,
  wakeBy: (wake: () => void) => void,
  wanted: () => string,
): Promise<void> {
  if (isSo()) return;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${wanted()}`)), patienceMs);
    wakeBy(() => isSo() && resolve());
  });
  clearTimeout(timer);
}
