import { describe, expect, it } from "vitest";
import type { Clock } from "@heddle/base";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { TimerWheel, WheelEntry, wheelTickMs } from "./timer-wheel.ts";

class Probe extends WheelEntry {
  readonly #run: () => void;

  constructor(run: () => void = () => undefined) {
    super();
    this.#run = run;
  }

  override onDue(): void {
    this.#run();
  }
}

/** A fake clock that counts the timers it has. */
class CountingClock extends FakeClock {
  timers = 0;

  override after(delayMs: number, run: () => void): Disposable {
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.timers--;
      isOver = true;
    };
    this.timers++;
    const timer = super.after(delayMs, () => {
      over();
      run();
    });
    return {
      [Symbol.dispose]: () => {
        over();
        timer[Symbol.dispose]();
      },
    };
  }
}

/** A clock whose timers run when the test says so, however late. */
function sleepyClock() {
  let nowMs = 0;
  let timer: (() => void) | undefined;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after(_delayMs, run) {
      timer = run;
      return { [Symbol.dispose]: () => void (timer = undefined) };
    },
    turnEnd: (run) => run(),
  };
  const wake = (atMs: number): void => {
    nowMs = atMs;
    const run = timer;
    timer = undefined;
    run?.();
  };
  return { clock, wake };
}

describe("a timer wheel", () => {
  it("is never early, and late by less than a tick, for deadlines near and far", () => {
    const clock = new CountingClock();
    const wheel = new TimerWheel(clock);
    const dice = new SeededRandom(5);
    let ran = 0;
    for (let count = 0; count < 2_000; count++) {
      if (dice.chance(0.1)) clock.advance(dice.between(0, 500));
      const wantedMs = clock.monotonicMs() + dice.between(0, 60_000);
      const check = (): void => {
        const lateMs = clock.monotonicMs() - wantedMs;
        expect(lateMs).toBeGreaterThanOrEqual(0);
        expect(lateMs).toBeLessThanOrEqual(wheelTickMs);
        ran++;
      };
      wheel.setAt(new Probe(check), wantedMs);
      expect(clock.timers).toBe(1);
    }
    clock.advance(61_000);
    expect(ran).toBe(2_000);
    expect(wheel.size).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("keeps the latest deadline it was given, and none that was removed", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const ran: string[] = [];
    const [moved, removed] = [new Probe(() => ran.push("moved")), new Probe(() => ran.push("removed"))];
    wheel.set(moved, 1_000);
    wheel.set(removed, 1_000);
    wheel.set(moved, 20_000);
    wheel.remove(removed);
    wheel.remove(removed);
    expect(wheel.size).toBe(1);
    clock.advance(19_999);
    expect(ran).toEqual([]);
    clock.advance(1);
    expect(ran).toEqual(["moved"]);
    const call = wheel.after(500, () => ran.push("called"));
    wheel.after(500, () => ran.push("cancelled"))[Symbol.dispose]();
    clock.advance(500);
    call[Symbol.dispose]();
    expect(ran).toEqual(["moved", "called"]);
    expect(clock.nextDueMs).toBeUndefined();
  });

  it("lets entries come, go and move while others are told", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const ran: string[] = [];
    const last = new Probe(() => ran.push("last"));
    const victim = new Probe(() => ran.push("victim"));
    const first = new Probe(() => {
      ran.push("first");
      wheel.remove(victim);
      wheel.set(last, 700);
      if (ran.length < 3) wheel.set(first, 0);
    });
    for (const probe of [first, victim, last]) wheel.set(probe, 300);
    clock.advance(300);
    expect(ran).toEqual(["first"]);
    clock.advance(10_000);
    expect(ran).toEqual(["first", "first", "first", "last"]);
    expect(wheel.size).toBe(0);
  });

  it("tells the others one tick later when one throws", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    let ran = 0;
    const thrower = new Probe(() => {
      throw new Error("owner's bug");
    });
    wheel.set(thrower, 100);
    for (let count = 0; count < 3; count++) wheel.set(new Probe(() => ran++), 100);
    expect(() => clock.advance(100)).toThrow("owner's bug");
    expect(ran).toBe(0);
    clock.advance(wheelTickMs);
    expect(ran).toBe(3);
    expect(clock.nextDueMs).toBeUndefined();
  });

  it("waits a second longer, once, when the process was asleep", () => {
    const { clock, wake } = sleepyClock();
    const wheel = new TimerWheel(clock);
    let ran = 0;
    wheel.set(new Probe(() => ran++), 1_000);
    wake(61_000);
    expect(ran).toBe(0); // what waits in the sockets is read first
    wake(62_000);
    expect(ran).toBe(1);
    wheel.set(new Probe(() => ran++), 1_000);
    wake(80_000);
    expect(ran).toBe(1);
    wake(95_000); // late again: a loop that is always late must not keep everybody
    expect(ran).toBe(2);
  });
});
