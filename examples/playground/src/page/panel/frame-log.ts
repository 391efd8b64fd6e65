// The frames that passed, newest last, as many as a person may want to look at. Written a thousand times a second, shown
// four times: whoever shows it is told at that pace.

import { signal } from "@preact/signals";

export interface PassedFrame {
  /** Counts all frames of this page from 1. */
  readonly number: number;
  readonly direction: "in" | "out";
  /** `t` of the frame: what it is. */
  readonly type: string;
  readonly text: string;
  readonly atMs: number;
}

export const framesKept = 200;
/** While they run past, no eye follows more than these; pausing shows all. */
const framesRunning = 60;
const textKept = 400;
const showMs = 250;

export class FrameLog {
  /** What is shown: the kept frames, or those of the moment of pausing. */
  readonly shown = signal<readonly PassedFrame[]>([]);
  readonly isPaused = signal(false);
  #kept: PassedFrame[] = [];
  #count = 0;
  #timer: number | undefined;

  add(direction: "in" | "out", text: string): void {
    const type = /^\{"t":"(!?[a-z]+)"/.exec(text)?.[1] ?? "?";
    const clipped = text.length > textKept ? `${text.slice(0, textKept)}…` : text;
    this.#kept.push({ number: ++this.#count, direction, type, text: clipped, atMs: Date.now() });
    // Cut now and then rather than with every frame.
    if (this.#kept.length > 2 * framesKept) this.#kept = this.#kept.slice(-framesKept);
    if (!this.isPaused.value) this.#timer ??= window.setTimeout(() => this.#show(), showMs);
  }

  pause(on: boolean): void {
    this.isPaused.value = on;
    this.#show();
  }

  #show(): void {
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.shown.value = this.#kept.slice(this.isPaused.peek() ? -framesKept : -framesRunning);
  }
}
