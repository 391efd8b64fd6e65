// How long a token lasts: when its owner is asked for the next one, and when it may not be used any more.

import type { Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";

export interface TokenLifeOwner {
  /** Nine tenths of the life are over. Called once, not after `tokenOver`. */
  tokenEndsSoon(expiresAtMs: number): void;
  /** The token's end and its grace are over. Called once. */
  tokenOver(): void;
}

/** Every session has one for as long as it lasts: an object without closures of its own but the timer's. */
export class TokenLife implements Disposable {
  readonly #clock: Clock;
  readonly #owner: TokenLifeOwner;
  readonly #expiresAtMs: number;
  readonly #soonAtMs: number;
  #isAsked = false;
  #timer: Disposable | undefined;

  /** @param expiresAtMs  wall clock; a token counts as fresh now */
  constructor(clock: Clock, expiresAtMs: number, owner: TokenLifeOwner) {
    const bornMs = clock.wallMs();
    this.#clock = clock;
    this.#owner = owner;
    this.#expiresAtMs = expiresAtMs;
    this.#soonAtMs = bornMs + Math.round(((expiresAtMs - bornMs) * wireLimits.reauthPercent) / 100);
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** Timers may fire early, a machine's longest after 25 days; and the wall clock, which counts here, may be set. */
  #look(): void {
    const nowMs = this.#clock.wallMs();
    const leftMs = this.#expiresAtMs + wireLimits.tokenGraceMs - nowMs;
    if (leftMs <= 0) return this.#owner.tokenOver();
    if (!this.#isAsked && nowMs >= this.#soonAtMs) {
      this.#isAsked = true;
      this.#owner.tokenEndsSoon(this.#expiresAtMs);
    }
    this.#timer = this.#clock.after(this.#isAsked ? leftMs : this.#soonAtMs - nowMs, () => this.#look());
  }
}
