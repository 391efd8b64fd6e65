// Liveness of all sessions from one timer: a wheel of one-second slots. A quiet session is pinged, one that stays quiet
// over two pings is given up.

import type { Clock, Random } from "@heddle/base";

/** What the wheel needs of a session. */
export interface Beating {
  /** Monotonic time bytes last came in. Set by the session, read here. */
  lastHeardMs: number;
  ping(): void;
  /** Two pings passed without a byte. */
  silent(): void;
}

interface Place {
  readonly beating: Beating;
  readonly everyMs: number;
  unansweredCount: number;
}

const slotMs = 1_000;
/** Slots of the wheel; an interval longer than this many seconds goes round more than once. */
const slotCount = 64;
const jitterShare = 0.1;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #pingMs: number;
  readonly #slots: Map<Place, number>[] = Array.from({ length: slotCount }, () => new Map<Place, number>());
  readonly #slotOf = new Map<Beating, number>();
  #now = 0;
  #timer: Disposable | undefined;

  constructor(clock: Clock, random: Random, pingMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#pingMs = pingMs;
  }

  add(beating: Beating): void {
    // ±10 %, so that sessions that came together are not pinged together.
    const everyMs = this.#pingMs * (1 + jitterShare * (2 * this.#random.float() - 1));
    this.#place({ beating, everyMs, unansweredCount: 0 }, everyMs);
    this.#timer ??= this.#clock.after(slotMs, () => this.#turn());
  }

  remove(beating: Beating): void {
    const slot = this.#slotOf.get(beating);
    if (slot === undefined) return;
    this.#slotOf.delete(beating);
    const places = this.#slots[slot] as Map<Place, number>;
    for (const place of places.keys()) if (place.beating === beating) places.delete(place);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const slot of this.#slots) slot.clear();
    this.#slotOf.clear();
  }

  #place(place: Place, afterMs: number): void {
    const ticks = Math.max(1, Math.ceil(afterMs / slotMs));
    const slot = (this.#now + ticks) % slotCount;
    this.#slots[slot]?.set(place, Math.floor((ticks - 1) / slotCount));
    this.#slotOf.set(place.beating, slot);
  }

  #turn(): void {
    this.#now++;
    const places = this.#slots[this.#now % slotCount] as Map<Place, number>;
    for (const [place, rounds] of [...places]) {
      if (rounds > 0) places.set(place, rounds - 1);
      else {
        places.delete(place);
        this.#check(place);
      }
    }
    this.#timer = this.#slotOf.size === 0 ? undefined : this.#clock.after(slotMs, () => this.#turn());
  }

  #check(place: Place): void {
    const { beating, everyMs } = place;
    const quietMs = this.#clock.monotonicMs() - beating.lastHeardMs;
    if (quietMs < everyMs) {
      place.unansweredCount = 0;
      return this.#place(place, everyMs - quietMs);
    }
    if (place.unansweredCount === 2) {
      this.#slotOf.delete(beating);
      return beating.silent();
    }
    place.unansweredCount++;
    beating.ping();
    this.#place(place, everyMs);
  }
}
