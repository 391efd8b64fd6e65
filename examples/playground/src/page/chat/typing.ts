// Who is typing, both ways: others' signs fade by themselves, one's own is sent sparingly.

import { signal } from "@preact/signals";

/** A sign of typing counts for this long. */
const fadeMs = 4_000;
/** While somebody keeps typing, the sign is renewed this often. */
const renewMs = 2_000;
const typistsMax = 50;

export class Typing {
  /** Names, in the order they began. */
  readonly names = signal<readonly string[]>([]);
  readonly #send: (on: boolean) => void;
  readonly #others = new Map<string, { readonly name: string; readonly timer: number }>();
  #sentAtMs = -Infinity;
  #stopTimer: number | undefined;

  constructor(send: (on: boolean) => void) {
    this.#send = send;
  }

  heard(user: string, name: string, on: boolean): void {
    window.clearTimeout(this.#others.get(user)?.timer);
    if (!on) this.#others.delete(user);
    else if (this.#others.has(user) || this.#others.size < typistsMax) {
      this.#others.set(user, { name, timer: window.setTimeout(() => this.heard(user, name, false), fadeMs) });
    }
    this.names.value = [...this.#others.values()].map(({ name }) => name);
  }

  /** One's own keys. */
  typed(isEmpty: boolean): void {
    if (isEmpty) return this.stopped();
    const now = performance.now();
    if (now - this.#sentAtMs >= renewMs) {
      this.#sentAtMs = now;
      this.#send(true);
    }
    window.clearTimeout(this.#stopTimer);
    this.#stopTimer = window.setTimeout(() => this.stopped(), fadeMs - 500);
  }

  stopped(): void {
    window.clearTimeout(this.#stopTimer);
    if (this.#sentAtMs === -Infinity) return;
    this.#sentAtMs = -Infinity;
    this.#send(false);
  }
}
