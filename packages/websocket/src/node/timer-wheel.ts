// All deadlines of one server or dialler on one timer of its clock. Knows when, not why.

import type { Clock } from "@heddle/base";

/** What deadlines are rounded up to. Milliseconds. */
export const wheelTickMs = 100;
/** A deadline further away than this many ticks is passed over, once per round, until its round has come. */
const slotCount = 64;
/** A turn this late has been asleep or blocked. Milliseconds. */
const sleptMs = 1_000;

/** A place in a ring: alone in one of its own, or in a list. */
class Link {
  before: Link = this;
  behind: Link = this;

  unlink(): void {
    this.before.behind = this.behind;
    this.behind.before = this.before;
    this.before = this;
    this.behind = this;
  }

  /** Enters the ring of `head`, as its last. */
  linkTo(head: Link): void {
    this.before = head.before;
    this.behind = head;
    head.before.behind = this;
    head.before = this;
  }
}

/** Something with a deadline. In at most one wheel, with at most one deadline; costs nothing but itself. */
export abstract class WheelEntry extends Link {
  /** The deadline as rounded, see `timeOf`: when `onDue` comes, or came last. */
  dueTick = 0;

  get isWaiting(): boolean {
    return this.behind !== this;
  }

  /** The deadline has come, and with it the end of the wheel's interest. A throw delays the others by one tick. */
  abstract onDue(): void;
}

class Call extends WheelEntry {
  readonly #run: () => void;

  constructor(run: () => void) {
    super();
    this.#run = run;
  }

  override onDue(): void {
    this.#run();
  }
}

/**
 * A hashed wheel of 64 slots of 100 ms. Adding and removing cost the same however many wait. Deadlines are never early
 * and at most one tick late, plus what the event loop is late. The clock has one timer of ours, none while nothing waits.
 *
 * A process that was stopped or blocked has not listened meanwhile. When the wheel finds that more than a second was
 * missed it lets another pass first, in which what waits in the sockets is read: no peer is given up for our sleep.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots = new Array<Link | undefined>(slotCount).fill(undefined);
  /** Entries whose deadline has come and whose `onDue` has not. */
  readonly #due = new Link();
  readonly #run = (): void => this.#turn();
  /** When tick 0 was. */
  readonly #originMs: number;
  /** The latest tick that was dealt with. */
  #tick = 0;
  #timer: Disposable | undefined;
  #timerTick = Infinity;
  #hasWaived = false;
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#originMs = Math.floor(clock.monotonicMs()); // whole, as `nowMs`
  }

  /** How many deadlines there are. */
  get size(): number {
    return this.#size;
  }

  /** The clock's monotonic reading, rounded up: a whole number in a field takes no memory of its own. */
  nowMs(): number {
    return Math.ceil(this.#clock.monotonicMs());
  }

  /** When tick `tick` is, on the clock's monotonic scale. */
  timeOf(tick: number): number {
    return this.#originMs + tick * wheelTickMs;
  }

  /** Sets the deadline of `entry` to `delayMs` from now, in place of any other it has. Milliseconds, 0 or more. */
  set(entry: WheelEntry, delayMs: number): void {
    this.setAt(entry, this.#clock.monotonicMs() + delayMs);
  }

  /** As `set`, on the clock's monotonic scale; what is past is due with the next tick. */
  setAt(entry: WheelEntry, atMs: number): void {
    this.remove(entry);
    if (this.#size++ === 0) this.#tick = Math.floor(this.#now());
    entry.dueTick = Math.max(this.#tick + 1, Math.ceil((atMs - this.#originMs) / wheelTickMs));
    entry.linkTo((this.#slots[entry.dueTick % slotCount] ??= new Link()));
    this.#arm(entry.dueTick);
  }

  /** Forgets the deadline of `entry`, if it has one. */
  remove(entry: WheelEntry): void {
    if (!entry.isWaiting) return;
    entry.unlink();
    if (--this.#size === 0) this.#disarm();
  }

  /** Runs `run` once, `delayMs` from now; disposing the result before then cancels it. */
  after(delayMs: number, run: () => void): Disposable {
    const call = new Call(run);
    this.set(call, delayMs);
    return { [Symbol.dispose]: () => this.remove(call) };
  }

  /** In ticks, with fractions. */
  #now(): number {
    return (this.#clock.monotonicMs() - this.#originMs) / wheelTickMs;
  }

  #arm(tick: number): void {
    if (this.#timerTick <= tick) return;
    this.#disarm();
    this.#timerTick = tick;
    this.#timer = this.#clock.after((tick - this.#now()) * wheelTickMs, this.#run);
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#timerTick = Infinity;
  }

  #turn(): void {
    const nowTick = this.#now();
    const hasSlept = nowTick - this.#timerTick > sleptMs / wheelTickMs;
    this.#timer = undefined;
    this.#timerTick = Infinity;
    this.#hasWaived = hasSlept && !this.#hasWaived;
    if (this.#hasWaived) return this.#arm(Math.ceil(nowTick + sleptMs / wheelTickMs));
    this.#collect(Math.floor(nowTick));
    try {
      this.#runDue();
    } finally {
      this.#armNext();
    }
  }

  /** Moves the entries due by `nowTick` to the list of those to be told. */
  #collect(nowTick: number): void {
    for (let tick = Math.max(this.#tick + 1, nowTick - slotCount + 1); tick <= nowTick; tick++) {
      const head = this.#slots[tick % slotCount];
      if (head === undefined) continue;
      for (let link = head.behind; link !== head;) {
        const entry = link as WheelEntry;
        link = link.behind;
        if (entry.dueTick > nowTick) continue; // of a later round
        entry.unlink();
        entry.linkTo(this.#due);
      }
    }
    this.#tick = Math.max(this.#tick, nowTick);
  }

  #armNext(): void {
    if (this.#due.behind !== this.#due) return this.#arm(this.#tick + 1); // one of them threw
    for (let tick = this.#tick + 1; tick <= this.#tick + slotCount; tick++) {
      const head = this.#slots[tick % slotCount];
      if (head !== undefined && head.behind !== head) return this.#arm(tick);
    }
  }

  #runDue(): void {
    while (this.#due.behind !== this.#due) {
      const entry = this.#due.behind as WheelEntry;
      this.remove(entry);
      entry.onDue();
    }
  }
}
