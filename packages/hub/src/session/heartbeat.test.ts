import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { Heartbeat, type Beating } from "./heartbeat.ts";

const pingMs = 25_000;
const tenMinutesMs = 600_000;

/** A peer that answers a ping after `answerMs`, or never, and says nothing else. */
function peer(clock: FakeClock, answerMs: number | undefined): Beating & { pings: number; isGivenUp: boolean } {
  const beating = {
    ...{ lastHeardMs: clock.monotonicMs(), pings: 0, isGivenUp: false },
    ping(): void {
      beating.pings++;
      const hear = (): void => void (beating.lastHeardMs = clock.monotonicMs());
      if (answerMs === 0) hear();
      else if (answerMs !== undefined) clock.after(answerMs, hear);
    },
    silent: () => void (beating.isGivenUp = true),
  };
  return beating;
}

describe("the heartbeat", () => {
  // Chance decides how the interval lies to the wheel's seconds.
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);

  it.each([0, 3, 900, 20_000])("keeps a quiet peer that answers every ping after %i ms", (answerMs) => {
    for (const seed of seeds) {
      const clock = new FakeClock();
      using heartbeat = new Heartbeat(clock, new SeededRandom(seed), pingMs);
      const beating = peer(clock, answerMs);
      heartbeat.add(beating);
      clock.advance(tenMinutesMs);
      expect(beating.isGivenUp, `seed ${seed}`).toBe(false);
      expect(beating.pings).toBeGreaterThan(9);
    }
  });

  it("gives up a peer that answers none of two pings, and pings it no more", () => {
    for (const seed of seeds) {
      const clock = new FakeClock();
      using heartbeat = new Heartbeat(clock, new SeededRandom(seed), pingMs);
      const beating = peer(clock, undefined);
      heartbeat.add(beating);
      clock.advance(3 * pingMs * 0.9 - 1);
      expect(beating.isGivenUp).toBe(false);
      clock.advance(tenMinutesMs);
      expect(beating).toMatchObject({ isGivenUp: true, pings: 2 });
    }
  });

  it("forgets a session that ends, even while another's is looked at", () => {
    const clock = new FakeClock();
    using heartbeat = new Heartbeat(clock, new SeededRandom(1), pingMs);
    const seen: string[] = [];
    const others = Array.from({ length: 50 }, () => peer(clock, undefined));
    for (const other of others) {
      other.ping = () => {
        seen.push("ping");
        for (const each of others) if (each !== other) heartbeat.remove(each);
      };
      heartbeat.add(other);
    }
    clock.advance(1.2 * pingMs);
    expect(seen).toEqual(["ping"]);
  });
});
