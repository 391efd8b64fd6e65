// Time that moves only when a test says so: a clock for servers, clients and the network in memory, and the ways to move it.

import { CodedError, expectInteger, expectRange, type Clock } from "@heddle/base";
import { SimTime } from "../simulation/sim-time.ts";

/**
 * `not-reached`: what was waited for did not come in the time given, or nothing was left that could bring it ·
 * `no-rest`: work asked for more work without time passing, or too much of it.
 */
export class VirtualTimeError extends CodedError<"not-reached" | "no-rest"> {}

export interface VirtualTimeOptions {
  /** Events of one call below; beyond that something asks for work without an end. 1…1_000_000_000, default 5_000_000. */
  readonly eventsMax?: number;
}

export interface WaitOptions {
  /** Virtual time this may take. Milliseconds, 0…31_536_000_000 (a year), default 60_000. */
  readonly withinMs?: number;
}

/**
 * A clock that stands still between the calls below. Each of them runs one event at a time (a timer, or the end of a
 * turn), with all promise reactions in between; what an event throws, the call rejects with.
 */
export interface VirtualTime extends Clock {
  /** Lets this much time pass, and runs what falls due meanwhile. Milliseconds, 0…31_536_000_000. @throws {OptionError} */
  advance(ms: number): Promise<void>;
  /** Runs what is due now, and what that asks for at once. No time passes. */
  settle(): Promise<void>;
  /** Lets time pass until `promise` has settled, and gives its result. @throws {VirtualTimeError}; what `promise` rejects with */
  run<T>(promise: Promise<T>, options?: WaitOptions): Promise<T>;
  /** Lets time pass until `isSo`. @throws {VirtualTimeError} */
  until(isSo: () => boolean, options?: WaitOptions): Promise<void>;
  /** Resolves when this much virtual time has passed: for handlers that take their time. Milliseconds. */
  sleep(ms: number): Promise<void>;
}

/**
 * Virtual time, from 2027-01-15 on. It knows nothing of what the machine itself does: a promise that waits for a file, a
 * socket or Web Crypto (and so `jwt(…)`) is not waited for.
 */
export function virtualTime({ eventsMax = 5_000_000 }: VirtualTimeOptions = {}): VirtualTime {
  expectInteger("eventsMax", eventsMax, 1, 1_000_000_000);
  return new Time(eventsMax);
}

const yearMs = 31_536_000_000;

class Time implements VirtualTime {
  readonly #sim = new SimTime();
  readonly #eventsMax: number;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  monotonicMs(): number {
    return this.#sim.nowMs;
  }

  wallMs(): number {
    return this.#sim.world.wallMs();
  }

  after(delayMs: number, run: () => void): Disposable {
    return this.#sim.world.after(delayMs, run);
  }

  turnEnd(run: () => void): void {
    this.#sim.world.turnEnd(run);
  }

  async advance(ms: number): Promise<void> {
    expectRange("advance", ms, 0, yearMs);
    const untilMs = this.#sim.nowMs + ms;
    await this.#go(untilMs, () => false);
    this.#sim.passTo(untilMs);
  }

  settle(): Promise<void> {
    return this.#go(this.#sim.nowMs, () => false);
  }

  async run<T>(promise: Promise<T>, options?: WaitOptions): Promise<T> {
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    promise.then(settled, settled);
    await this.#reach("a promise has not settled", () => isSettled, options);
    return promise;
  }

  until(isSo: () => boolean, options?: WaitOptions): Promise<void> {
    return this.#reach("it has not become so", isSo, options);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  async #reach(not: string, isSo: () => boolean, { withinMs = 60_000 }: WaitOptions = {}): Promise<void> {
    expectRange("withinMs", withinMs, 0, yearMs);
    await this.#go(this.#sim.nowMs + withinMs, isSo);
    if (isSo()) return;
    const why = this.#sim.nextDueMs === undefined ? "and nothing is left to happen" : `within ${withinMs} ms`;
    throw new VirtualTimeError("not-reached", `${not} ${why}`);
  }

  /** Runs events that are due until then, as long as it is not so. */
  #go(untilMs: number, isSo: () => boolean): Promise<void> {
    const lastStep = this.#sim.stepCount + this.#eventsMax;
    return this.#sim.run(() => {
      if (this.#sim.stepCount > lastStep) {
        throw new VirtualTimeError("no-rest", `${this.#eventsMax} events, and still more at ${this.#sim.nowMs} ms`);
      }
      return isSo() || (this.#sim.nextDueMs ?? Infinity) > untilMs;
    });
  }
}
