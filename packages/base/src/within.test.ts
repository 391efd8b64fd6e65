import { describe, expect, it } from "vitest";
import { FakeClock } from "./fakes/index.ts";
import { within } from "./within.ts";

const never = new Promise<never>(() => undefined);

describe("a bound on waiting", () => {
  it("gives what comes in time, and leaves no timer", async () => {
    const clock = new FakeClock();
    expect(await within(clock, 100, Promise.resolve("value"), () => "late")).toBe("value");
    await expect(within(clock, 100, Promise.reject(new Error("no")), () => "late")).rejects.toThrow("no");
    expect(clock.nextDueMs).toBe(undefined);
  });

  it("gives what is said of lateness, or throws it", async () => {
    const clock = new FakeClock();
    const late = within(clock, 100, never, () => "late");
    const failed = within(clock, 100, never, () => {
      throw new Error("too late");
    });
    clock.advance(100);
    expect(await late).toBe("late");
    await expect(failed).rejects.toThrow("too late");
  });

  it("says nothing of a failure that comes too late", async () => {
    const clock = new FakeClock();
    let fail!: (error: Error) => void;
    const waited = within(clock, 100, new Promise<string>((_, reject) => (fail = reject)), () => "late");
    clock.advance(100);
    fail(new Error("afterwards"));
    expect(await waited).toBe("late");
  });
});
