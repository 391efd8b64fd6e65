import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { AddressGate } from "./address-gate.ts";

const few = { addressConnections: 2, addressAttemptsPerSecond: 10, addressAttemptsBurst: 5, addressesMax: 1_000 };

function opened(countsInside = false): { clock: FakeClock; gate: AddressGate; isTaken(address: string): boolean } {
  const clock = new FakeClock();
  const gate = new AddressGate(clock, few, countsInside);
  return { clock, gate, isTaken: (address) => gate.refusal(address) === undefined };
}

describe("the gate for client addresses", () => {
  it("lets so many attempts through at once, then as many as are earned, and no other address notices", () => {
    const { clock, gate, isTaken } = opened();
    const taken = Array.from({ length: 8 }, () => isTaken("203.0.113.9"));
    expect(taken).toEqual([true, true, true, true, true, false, false, false]);
    expect(isTaken("203.0.113.10")).toBe(true);
    clock.advance(100);
    expect([isTaken("203.0.113.9"), isTaken("203.0.113.9")]).toEqual([true, false]);
    expect(gate.refusal("203.0.113.9")).toMatchObject({ retryAfterS: 1 });
    expect(gate.counters.addressRefusals).toBe(5);
  });

  it("lets so many connections stand, and another when one has ended, once", () => {
    const { gate, isTaken } = opened();
    const ends = [gate.opened("203.0.113.9"), gate.opened("203.0.113.9")];
    expect(gate.refusal("203.0.113.9")).toMatchObject({ retryAfterS: 10 });
    ends[0]?.();
    ends[0]?.();
    expect(isTaken("203.0.113.9")).toBe(true);
    gate.opened("203.0.113.9");
    expect(isTaken("203.0.113.9")).toBe(false);
  });

  it("takes all addresses of an IPv6 /64 for one", () => {
    const { isTaken } = opened();
    const taken = Array.from({ length: 7 }, (_, index) => isTaken(`2001:db8:1:2::${index + 1}`));
    expect(taken.filter(Boolean)).toHaveLength(5);
    expect(isTaken("2001:db8:1:3::1")).toBe(true);
  });

  it.each(["127.0.0.1", "10.1.2.3", "192.168.0.7", "::1", "fd00::1"])(
    "does not count %s, which may be everybody's proxy, until the proxies are known",
    (address) => {
      for (let n = 0; n < 20; n++) expect(opened(false).isTaken(address)).toBe(true);
      const known = opened(true);
      expect(Array.from({ length: 6 }, () => known.isTaken(address)).at(-1)).toBe(false);
    },
  );

  it("remembers a bounded number of addresses, those that hold connections before those that are gone", () => {
    const { clock, gate, isTaken } = opened();
    gate.opened("203.0.113.9");
    gate.opened("203.0.113.9");
    for (let n = 0; n < 5_000; n++) {
      isTaken(`198.18.${n >> 8}.${n & 255}`);
      if (n % 100 === 0) clock.advance(1_000);
    }
    expect(gate.size).toBeLessThanOrEqual(few.addressesMax);
    expect(isTaken("203.0.113.9")).toBe(false);
  });
});
