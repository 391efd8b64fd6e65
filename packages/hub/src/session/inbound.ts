// A stream from the client on this side: parts that wait for their consumer, never more than a window of them, and word to
// the client of how many were taken.

import { HubError } from "../hub-error.ts";

interface Part {
  readonly value: unknown;
  readonly cost: number;
}

export class Inbound implements AsyncIterable<unknown> {
  readonly #windowCost: number;
  readonly #tell: (takenCount: number, isStopped: boolean) => void;
  #waiting: Part[] = [];
  #waitingCost = 0;
  #takenCount = 0;
  /** Taken, and the client does not know. */
  #untoldCost = 0;
  /** Nothing more comes: the client said so, or nobody wants it. */
  #isOver = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param windowCost  cost of parts that may wait, beside one
   * @param tell        tells the client how many were taken so far; `isStopped`: and that no more are wanted
   */
  constructor(windowCost: number, tell: (takenCount: number, isStopped: boolean) => void) {
    this.#windowCost = windowCost;
    this.#tell = tell;
  }

  /** A part came. False: the client sends more than it was told to, which ends its connection. */
  take(value: unknown, cost: number): boolean {
    if (this.#isOver) return true;
    if (this.#waitingCost >= this.#windowCost) return false;
    this.#waiting.push({ value, cost });
    this.#waitingCost += cost;
    this.#wake?.();
    return true;
  }

  /** The client has sent all. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** Whoever iterates, now or later, gets this error; what waits is dropped. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#drop();
  }

  /** Nobody wants more, and the client knows or is gone. */
  close(): void {
    this.fail(new HubError("cancelled", "the call is over"));
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        if (!this.#isOver) this.#tell(this.#takenCount, true);
        this.#drop();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const part = this.#waiting.shift();
      if (part !== undefined) {
        this.#took(part.cost);
        return { value: part.value, done: false };
      }
      if (this.#isOver) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Tells when half of the window is used, or when nothing waits: the client may have stopped there. */
  #took(cost: number): void {
    this.#waitingCost -= cost;
    this.#takenCount++;
    this.#untoldCost += cost;
    if (this.#isOver || (this.#waiting.length > 0 && 2 * this.#untoldCost < this.#windowCost)) return;
    this.#untoldCost = 0;
    this.#tell(this.#takenCount, false);
  }

  #drop(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#waitingCost = 0;
    this.#wake?.();
  }
}
