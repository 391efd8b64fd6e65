// What one seed's world is like: how many clients, which faults may happen, how the store behaves. Each seed enables a
// subset of everything, so that rare combinations are met; every tenth has no fault at all.

import type { SeededRandom } from "@heddle/base/fakes";
import { hubLimits } from "@heddle/hub";
import { calmStore, type StoreWeather } from "./sim-engine.ts";
import type { DiskSync } from "./sim-disk.ts";
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
  "client-closed",
  "disconnected",
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
  /** Instead of the store: the one server's own disk, and when it is synced. */
  readonly sync: DiskSync | undefined;
  /** How long clients work and faults happen. Milliseconds. */
  readonly workMs: number;
  readonly faults: readonly FaultKind[];
  readonly weather: StoreWeather;
  /** Whether publishes come in bursts of large payloads, so that windows and queues fill. */
  readonly isHeavy: boolean;
  /** Whether clients mostly come and go as members, on several nodes, and what fails is between them and the nodes. */
  readonly isGathering: boolean;
  readonly hasSlowHandlers: boolean;
  /** Whether handlers publish now and then, and are done when that has come back. */
  readonly awaitsEchoes: boolean;
  readonly hasSlowHooks: boolean;
  readonly hasNotices: boolean;
  /** Life of a token. Milliseconds. */
  readonly tokenMs: number;
  /** Whether servers end users' connections and take their tokens back. */
  readonly endsSessions: boolean;
  /** `changing`: the first gives a right that later ones do not. `of-others`: some of those for renewal name another user. */
  readonly tokens: "plain" | "changing" | "of-others";
  /** Whether two users' clients draw the same numbers, so that one's publishes could be taken for the other's. */
  readonly hasTwins: boolean;
  /** Whether some bring along positions that nobody gave them. */
  readonly hasForgedPositions: boolean;
  /** Whether channels hold back what happens within a few milliseconds and push it at once. */
  readonly flushes: boolean;
  /** Whether clients have an idempotent call under way when their connection breaks. */
  readonly breaksCalls: boolean;
  /** Whether all ask at once for the state that each user has of their own. */
  readonly readsOwnState: boolean;
  /** Within this time a silent log is compared with the store's head. Milliseconds. */
  readonly auditMs: number;
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
  const plan: Plan = {
    clientCount: random.between(2, 4),
    nodeCount: isGathering || random.chance(0.4) ? random.between(2, 3) : 1,
    store,
    sync: undefined,
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
    awaitsEchoes: false,
    hasSlowHooks: random.chance(0.4),
    hasNotices: random.chance(0.3),
    tokenMs: random.chance(0.3) ? random.between(8_000, 30_000) : 3_600_000,
    endsSessions: !isCalm && random.chance(0.5),
    ...habitsOf(random),
    ...{ flushes: false, breaksCalls: false, readsOwnState: false },
  };
  const kept = !isGathering && random.chance(0.18) ? onDisk(plan, random.pick(["always", "interval"] as const)) : plan;
  // Under a heavy load channels are parked until handlers are done: one that waits for what comes then waits its full minute.
  const awaitsEchoes = !kept.isHeavy && random.chance(isCalm ? 0.6 : 0.25);
  return { ...kept, awaitsEchoes, ...rareHabitsOf(random) };
}

/** Drawn last: the worlds that have none of them are what they were before there were any. */
function rareHabitsOf(random: SeededRandom): Pick<Plan, "flushes" | "breaksCalls" | "readsOwnState"> {
  const dice = random.float();
  return {
    flushes: dice < 0.05,
    breaksCalls: dice >= 0.05 && dice < 0.09,
    readsOwnState: dice >= 0.09 && dice < 0.12,
  };
}

/** What clients and the server's own care are like. */
function habitsOf(random: SeededRandom): Pick<Plan, "tokens" | "hasTwins" | "hasForgedPositions" | "auditMs"> {
  return {
    tokens: random.pick(["plain", "plain", "changing", "of-others"] as const),
    hasTwins: random.chance(0.15),
    hasForgedPositions: random.chance(0.2),
    auditMs: random.chance(0.3) ? 3_000 : hubLimits.auditMs,
  };
}

/** What happens to a store at the other end of a link, and to links between nodes. */
const remoteFaults: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...["store-lost", "store-link-broken", "store-unreachable", "failover", "split-store", "bus-cut", "bus-down"],
] as FaultKind[]);

/** The same world with one server that keeps its log itself: there is no store to fail, and it fails with the server. */
function onDisk(plan: Plan, sync: DiskSync): Plan {
  // What a disk is for is what is left after its server; so that is what happens where anything does.
  const own = plan.faults.filter((kind) => !remoteFaults.has(kind) && kind !== "server-crash");
  const faults: readonly FaultKind[] = plan.faults.length === 0 ? [] : [...own, "server-crash", "server-crash"];
  return {
    ...plan,
    nodeCount: 1,
    sync,
    faults,
    store: { hasStaleReads: false, producer: "append" },
    weather: calmStore,
  };
}

/** Whether an acknowledged entry that was seen may be lost. */
export const losesTails = ({ faults, sync }: Plan): boolean =>
  faults.includes("failover") ||
  faults.includes("split-store") ||
  (sync === "interval" && faults.includes("server-crash"));

/** What can be taken out of a plan, and what it then is. */
const parts = {
  disk: (plan) => ({ ...plan, sync: undefined }),
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
  "awaited-echoes": (plan) => ({ ...plan, awaitsEchoes: false }),
  "slow-hooks": (plan) => ({ ...plan, hasSlowHooks: false }),
  notices: (plan) => ({ ...plan, hasNotices: false }),
  "ended-sessions": (plan) => ({ ...plan, endsSessions: false }),
  "short-tokens": (plan) => ({ ...plan, tokenMs: 3_600_000 }),
  "other-tokens": (plan) => ({ ...plan, tokens: "plain" }),
  twins: (plan) => ({ ...plan, hasTwins: false }),
  "forged-positions": (plan) => ({ ...plan, hasForgedPositions: false }),
  flushes: (plan) => ({ ...plan, flushes: false }),
  "broken-calls": (plan) => ({ ...plan, breaksCalls: false }),
  "own-states": (plan) => ({ ...plan, readsOwnState: false }),
  "frequent-audits": (plan) => ({ ...plan, auditMs: hubLimits.auditMs }),
} satisfies Record<string, (plan: Plan) => Plan>;

export type PlanPart = keyof typeof parts;
const planParts = Object.keys(parts) as readonly PlanPart[];

/** The parts a plan has: those without which it would be another. */
export const partsOf = (plan: Plan): readonly PlanPart[] =>
  planParts.filter((part) => JSON.stringify(parts[part](plan)) !== JSON.stringify(plan));

/** The plan without some of its parts; what remains is as it was. */
export const simplified = (plan: Plan, without: readonly PlanPart[]): Plan =>
  without.reduce((left, part) => parts[part](left), plan);
