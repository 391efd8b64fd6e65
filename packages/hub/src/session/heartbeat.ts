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
  /** Monotonic time of the latest ping. */
  pingedMs: number;
  slot: number;
  /** Turns of the wheel still to wait. */
  rounds: number;
}

const slotMs = 1_000;
/** Slots of the wheel; an interval longer than this many seconds goes round more than once. */
const slotCount = 64;
const jitterShare = 0.1;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #pingMs: number;
  readonly #slots: readonly Set<Place>[] = Array.from({ length: slotCount }, () => new Set<Place>());
  readonly #places = new Map<Beating, Place>();
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
    const place = { beating, everyMs, unansweredCount: 0, pingedMs: -Infinity, slot: 0, rounds: 0 };
    this.#places.set(beating, place);
    this.#place(place, everyMs);
    this.#timer ??= this.#clock.after(slotMs, () => this.#turn());
  }

  remove(beating: Beating): void {
    const place = this.#places.get(beating);
    if (place === undefined) return;
    this.#places.delete(beating);
    this.#slots[place.slot]?.delete(place);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const slot of this.#slots) slot.clear();
    this.#places.clear();
  }

  #place(place: Place, afterMs: number): void {
    const ticks = Math.max(1, Math.ceil(afterMs / slotMs));
    place.slot = (this.#now + ticks) % slotCount;
    place.rounds = Math.floor((ticks - 1) / slotCount);
    this.#slots[place.slot]?.add(place);
  }

  #turn(): void {
    this.#now++;
    const due = this.#slots[this.#now % slotCount] as Set<Place>;
    for (const place of [...due]) {
      if (!due.has(place)) continue; // its session ended while another's was looked at
      if (place.rounds > 0) place.rounds--;
      else {
        due.delete(place);
        this.#check(place);
      }
    }
    this.#timer = this.#places.size === 0 ? undefined : this.#clock.after(slotMs, () => this.#turn());
  }

  #check(place: Place): void {
    const { beating, everyMs } = place;
    const nowMs = this.#clock.monotonicMs();
    const quietMs = nowMs - beating.lastHeardMs;
    // An answer that came at once is as old as the ping when the wheel, which turns in whole seconds, looks again.
    if (beating.lastHeardMs >= place.pingedMs) place.unansweredCount = 0;
    if (quietMs < everyMs) return this.#place(place, everyMs - quietMs);
    if (place.unansweredCount === 2) {
      this.#places.delete(beating);
      return beating.silent();
    }
    place.unansweredCount++;
    place.pingedMs = nowMs;
    beating.ping();
    this.#place(place, everyMs);
  }
}
