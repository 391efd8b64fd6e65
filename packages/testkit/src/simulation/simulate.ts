// One seed, from nothing to a verdict.

import type { Digest, HubCounters } from "@heddle/hub/ports";
import { wireLimits } from "@heddle/protocol";
import { check, type Facts, type FinalLog, type HistoryEvent, type Violation } from "../checker/index.ts";
import { isForbidden, kindOf } from "./sim-application.ts";
import { simLimits } from "./sim-server.ts";
import { readAll, World } from "./world.ts";

/** What happened in a run, in numbers. */
export type Counts = Readonly<Record<string, number>>;

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly history: readonly HistoryEvent[];
  readonly counts: Counts;
}

/** Runs one seed. The same seed, on the same code, gives the same history. */
export async function simulate(seed: number, digest: Digest): Promise<SeedResult> {
  const world = new World(seed, digest);
  await world.live();
  const final = finalLogs(await readAll(world));
  await world.leave();
  const { history } = world.recorder;
  const counts = countsOf(world);
  const violations = [...check(history, factsOf(world, final)), ...chainBreaks(counts)];
  return { seed, violations, history, counts };
}

/** A client that finds a hole in its stream mends it, so that no history shows it; yet no server may make one. */
function chainBreaks(counts: Counts): Violation[] {
  const count = counts["chain breaks"] ?? 0;
  return count === 0
    ? []
    : [{ invariant: "no-silent-gap", message: `clients found ${count} holes in their streams`, events: [] }];
}

function finalLogs(logs: Awaited<ReturnType<typeof readAll>>): Map<string, FinalLog> {
  const final = new Map<string, FinalLog>();
  for (const [ch, { head, floor, entries }] of logs) {
    const seen = entries.map(({ pos, id, data }) => {
      const { h } = JSON.parse(new TextDecoder().decode(data)) as { h: string };
      return { pos, id, hash: h };
    });
    final.set(ch, { head, floor, entries: seen });
  }
  return final;
}

function factsOf(world: World, final: ReadonlyMap<string, FinalLog>): Facts {
  return {
    final,
    recoverMax: (ch) => kindOf(ch)?.recoverMax ?? Infinity,
    isForbidden: (_user, ch, action) => isForbidden(ch, action),
    hasPhantoms: world.plan.faults.includes("failover"),
    losingFaults: ["store-lost", "failover"],
    // Whoever was cut off learns late of what others did; what it then sees in a row is no flap.
    presenceFaults: ["server-crash", "half-open", "frozen-reader", "slow-network", "cut", "reset"],
    presenceSettleMs: 60_000,
    presenceGraceMs: wireLimits.presenceGraceMs,
    tokenGraceMs: wireLimits.tokenGraceMs + 1_000,
    queueBytesMax: simLimits.queueBytes + simLimits.controlHeadroomBytes + wireLimits.frameBytes,
    outboxCountMax: wireLimits.outboxCount,
  };
}

function countsOf(world: World): Counts {
  const { history, faults } = world.recorder;
  const sum = (of: (counters: Readonly<HubCounters>) => number): number =>
    world.counters.reduce((total, counters) => total + of(counters), 0);
  const counts: Record<string, number> = {
    publishes: sum(({ publishes }) => publishes),
    duplicates: sum(({ duplicates }) => duplicates),
    deliveries: history.filter(({ f }) => f === "deliver").length,
    volatiles: history.filter(({ f }) => f === "volatile").length,
    connections: sum(({ sessions }) => sessions),
    reconnects: Math.max(
      0,
      sum(({ sessions }) => sessions) - history.filter((event) => event.f === "proc" && event.is === "started").length,
    ),
    resumes: sum(({ resumes }) => resumes),
    "lagging turns": sum(({ laggings }) => laggings),
    repairs: sum(({ repairs }) => repairs),
    degradations: sum(({ degradations }) => degradations),
    calls: sum(({ calls }) => calls),
    parks: [...world.clients.values()].reduce((total, { core }) => total + core.stats.parks, 0),
    "chain breaks": [...world.clients.values()].reduce((total, { core }) => total + core.stats.chainBreaks, 0),
    skips: history.filter(({ f }) => f === "skip").length,
    "calm seeds": world.plan.faults.length === 0 ? 1 : 0,
  };
  for (const event of history)
    if (event.f === "gap") counts[`gap ${event.why}`] = (counts[`gap ${event.why}`] ?? 0) + 1;
  for (const [kind, count] of faults) counts[`fault ${kind}`] = count;
  return counts;
}
