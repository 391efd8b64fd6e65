// What one seed's world is like: how many clients, which faults may happen, how the store behaves. Each seed enables a
// subset of everything, so that rare combinations are met; every tenth has no fault at all.

import type { SeededRandom } from "@heddle/base/fakes";
import { calmStore, type StoreWeather } from "./sim-engine.ts";

export const faultKinds = [
  "cut",
  "reset",
  "half-open",
  "slow-network",
  "frozen-reader",
  "server-crash",
  "store-lost",
  "client-crash",
  "store-link-broken",
  "store-unreachable",
  "failover",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Plan {
  readonly clientCount: number;
  /** How long clients work and faults happen. Milliseconds. */
  readonly workMs: number;
  readonly faults: readonly FaultKind[];
  readonly weather: StoreWeather;
  /** Whether publishes come in bursts of large payloads, so that windows and queues fill. */
  readonly isHeavy: boolean;
  readonly hasSlowHandlers: boolean;
  readonly hasSlowHooks: boolean;
  readonly hasNotices: boolean;
  /** Life of a token. Milliseconds. */
  readonly tokenMs: number;
}

export function planOf(random: SeededRandom): Plan {
  const isCalm = random.chance(0.1);
  const faults = isCalm ? [] : faultKinds.filter(() => random.chance(0.35));
  const rough = (most: number): number => (!isCalm && random.chance(0.35) ? random.float() * most : 0);
  return {
    clientCount: random.between(2, 4),
    workMs: random.between(4_000, 12_000),
    faults,
    weather: {
      delayMs: random.chance(0.3) ? random.between(5, 60) : calmStore.delayMs,
      lostAnswer: rough(0.05),
      lostCommand: rough(0.03),
      repeatedEntry: rough(0.3),
      lostEntry: rough(0.15),
      lateEntry: rough(1),
    },
    // Where nothing fails, nobody may be told of a gap; so nobody there is slower than a channel keeps its entries.
    isHeavy: !isCalm && random.chance(0.4),
    hasSlowHandlers: !isCalm && random.chance(0.4),
    hasSlowHooks: random.chance(0.4),
    hasNotices: random.chance(0.3),
    tokenMs: random.chance(0.3) ? random.between(8_000, 30_000) : 3_600_000,
  };
}
