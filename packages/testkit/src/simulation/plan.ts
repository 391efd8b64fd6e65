// What one seed's world is like: how many clients, which faults may happen, how the store behaves. Each seed enables a
// subset of everything, so that rare combinations are met; every tenth has no fault at all.

import type { SeededRandom } from "@heddle/base/fakes";
import { calmStore, type StoreWeather } from "./sim-engine.ts";
import type { StoreModel } from "./sim-store.ts";

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
  "split-store",
  "bus-cut",
  "bus-down",
] as const;
export type FaultKind = (typeof faultKinds)[number];

const gatheringFaults: readonly FaultKind[] = ["cut", "reset", "server-crash", "client-crash", "bus-cut", "bus-down"];

export interface Plan {
  readonly clientCount: number;
  /** Servers over the one store; a client's every connection leads to any of them. */
  readonly nodeCount: number;
  readonly store: StoreModel;
  /** How long clients work and faults happen. Milliseconds. */
  readonly workMs: number;
  readonly faults: readonly FaultKind[];
  readonly weather: StoreWeather;
  /** Whether publishes come in bursts of large payloads, so that windows and queues fill. */
  readonly isHeavy: boolean;
  /** Whether clients mostly come and go as members, on several nodes, and what fails is between them and the nodes. */
  readonly isGathering: boolean;
  readonly hasSlowHandlers: boolean;
  readonly hasSlowHooks: boolean;
  readonly hasNotices: boolean;
  /** Life of a token. Milliseconds. */
  readonly tokenMs: number;
  /** Whether servers end users' connections and take their tokens back. */
  readonly endsSessions: boolean;
}

export function planOf(random: SeededRandom): Plan {
  const isCalm = random.chance(0.1);
  const isGathering = random.chance(0.2);
  const kinds = isGathering ? gatheringFaults : faultKinds;
  const faults = isCalm ? [] : kinds.filter(() => random.chance(isGathering ? 0.5 : 0.35));
  const rough = (most: number): number => (!isCalm && random.chance(0.35) ? random.float() * most : 0);
  // A store may have its habits where nothing fails, too.
  const store: StoreModel = {
    hasStaleReads: random.chance(0.25),
    producer: random.chance(0.2) ? "none" : "append",
  };
  return {
    clientCount: random.between(2, 4),
    nodeCount: isGathering || random.chance(0.4) ? random.between(2, 3) : 1,
    store,
    workMs: random.between(4_000, 12_000),
    faults,
    weather: {
      delayMs: random.chance(0.3) ? random.between(5, 60) : calmStore.delayMs,
      lostAnswer: rough(0.05),
      lostCommand: rough(0.03),
      repeatedEntry: rough(0.3),
      lostEntry: rough(0.15),
      lateEntry: rough(1),
      staleRead: store.hasStaleReads ? random.float() * 0.6 : 0,
      lostMessage: rough(isGathering ? 0 : 0.3),
    },
    // Where nothing fails, nobody may be told of a gap; so nobody there is slower than a channel keeps its entries.
    isHeavy: !isCalm && !isGathering && random.chance(0.4),
    isGathering,
    hasSlowHandlers: !isCalm && random.chance(0.4),
    hasSlowHooks: random.chance(0.4),
    hasNotices: random.chance(0.3),
    tokenMs: random.chance(0.3) ? random.between(8_000, 30_000) : 3_600_000,
    endsSessions: !isCalm && random.chance(0.5),
  };
}

/** Whether an acknowledged entry that was seen may be lost. */
export const losesTails = ({ faults }: Plan): boolean => faults.includes("failover") || faults.includes("split-store");

/** What can be taken out of a plan, and what it then is. */
const parts = {
  nodes: (plan) => ({ ...plan, nodeCount: 1 }),
  "stale-reads": (plan) => ({ ...plan, weather: { ...plan.weather, staleRead: 0 } }),
  "lost-answers": (plan) => ({ ...plan, weather: { ...plan.weather, lostAnswer: 0 } }),
  "lost-commands": (plan) => ({ ...plan, weather: { ...plan.weather, lostCommand: 0 } }),
  "repeated-entries": (plan) => ({ ...plan, weather: { ...plan.weather, repeatedEntry: 0 } }),
  "lost-entries": (plan) => ({ ...plan, weather: { ...plan.weather, lostEntry: 0 } }),
  "late-entries": (plan) => ({ ...plan, weather: { ...plan.weather, lateEntry: 0 } }),
  "lost-messages": (plan) => ({ ...plan, weather: { ...plan.weather, lostMessage: 0 } }),
  "heavy-load": (plan) => ({ ...plan, isHeavy: false }),
  "slow-handlers": (plan) => ({ ...plan, hasSlowHandlers: false }),
  "slow-hooks": (plan) => ({ ...plan, hasSlowHooks: false }),
  notices: (plan) => ({ ...plan, hasNotices: false }),
  "ended-sessions": (plan) => ({ ...plan, endsSessions: false }),
  "short-tokens": (plan) => ({ ...plan, tokenMs: 3_600_000 }),
} satisfies Record<string, (plan: Plan) => Plan>;

export type PlanPart = keyof typeof parts;
const planParts = Object.keys(parts) as readonly PlanPart[];

/** The parts a plan has: those without which it would be another. */
export const partsOf = (plan: Plan): readonly PlanPart[] =>
  planParts.filter((part) => JSON.stringify(parts[part](plan)) !== JSON.stringify(plan));

/** The plan without some of its parts; what remains is as it was. */
export const simplified = (plan: Plan, without: readonly PlanPart[]): Plan =>
  without.reduce((left, part) => parts[part](left), plan);
