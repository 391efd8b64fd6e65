// One seed, from nothing to a verdict.

import { hubLimits } from "@heddle/hub";
import type { HubCounters } from "@heddle/hub/ports";
import { closeCodes, wireLimits } from "@heddle/protocol";
import { check, type Facts, type FinalLog, type HistoryEvent, type Violation } from "../checker/index.ts";
import type { Strike } from "./nemesis.ts";
import { losesTails, partsOf, type Plan, type PlanPart } from "./plan.ts";
import { isForbidden, kindOf } from "./sim-application.ts";
import { answerMs, isCalmStore } from "./sim-engine.ts";
import { simLimits } from "./sim-server.ts";
import { readAll, World, type Without, type WorldParts } from "./world.ts";

/** What happened in a run, in numbers. */
export type Counts = Readonly<Record<string, number>>;

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly history: readonly HistoryEvent[];
  readonly counts: Counts;
  /** Every fault that was planned, also those left out. */
  readonly strikes: readonly Strike[];
  /** What of the plan could be left out. */
  readonly parts: readonly PlanPart[];
}

/** Runs one seed, or what is left of it. The same seed, on the same code, gives the same history. */
export async function simulate(seed: number, given: WorldParts, without: Partial<Without> = {}): Promise<SeedResult> {
  const world = new World(seed, given, { strikes: [], parts: [], ...without });
  await world.live();
  const final = finalLogs(await world.meanwhile(readAll(world)));
  // Who has left is owed nothing any more: what was promised to the living is judged as it stands before.
  const lived = [...world.recorder.history];
  await world.leave();
  const history = [...lived, ...world.recorder.history.filter(({ f }) => f === "resource")];
  const counts = countsOf(world);
  const violations = [
    ...check(history, factsOf(world, final)),
    ...chainBreaks(counts),
    ...needlessRepairs(world, counts),
  ];
  return { seed, violations, history, counts, strikes: world.nemesis.strikes, parts: partsOf(world.plan) };
}

/** A client that finds a hole in its stream mends it, so that no history shows it; yet no server may make one. */
function chainBreaks(counts: Counts): Violation[] {
  const count = counts["chain breaks"] ?? 0;
  return count === 0
    ? []
    : [{ invariant: "no-silent-gap", message: `clients found ${count} holes in their streams`, events: [] }];
}

/** What a node reads again although its store lost nothing costs the store, and no history shows it either. */
function needlessRepairs({ plan }: World, counts: Counts): Violation[] {
  const { repairs = 0 } = counts;
  if (repairs === 0 || plan.faults.length > 0 || !isCalmStore(plan.weather)) return [];
  const message = `logs were read again ${repairs} times although nothing was missing`;
  return [{ invariant: "liveness", message, events: [] }];
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
    hasPhantoms: losesTails(world.plan),
    losingFaults: ["store-lost", "failover", "split-store", "power-loss"],
    // A log whose birth is lost is born again.
    renewingFaults: ["store-lost", "failover", "split-store", ...(world.plan.sync === "always" ? [] : ["power-loss"])],
    splittingFaults: ["split-store"],
    // A lost last entry is found by the audit of the node that lost it.
    nodeLagMs: world.plan.nodeCount > 1 ? world.plan.auditMs : 0,
    fifo: world.plan.store.producer === "none" ? "settled" : "strict",
    // Whoever was cut off learns late of what others did; what it then sees in a row is no flap. Of messages between nodes
    // that were lost it is learnt by the next digest.
    presenceFaults: [
      "server-crash",
      "disconnected",
      "half-open",
      "frozen-reader",
      "slow-network",
      "cut",
      "reset",
      "shown-out",
      "revoked",
      "lost-bus-message",
    ],
    staleFaults: ["bus-cut", "bus-down"],
    // A connection that is dead is found by pings; then its member has its grace. A lost message is found by a digest.
    presenceConvergeMs: findsSlowly(world.plan) ? 3.3 * wireLimits.pingMs + wireLimits.presenceGraceMs + 5_000 : 40_000,
    // A connection that is half open is ended when it was shut for `slowMs`; then its client comes back.
    presenceSettleMs: simLimits.slowMs + 20_000,
    presenceLagMs: 1_000,
    presenceGraceMs: wireLimits.presenceGraceMs,
    tokenGraceMs: wireLimits.tokenGraceMs + 1_000,
    revocationMs: revocationMsOf(world.plan),
    linkFaults: [
      "server-crash",
      "store-lost",
      "store-link-broken",
      "store-unreachable",
      "failover",
      "split-store",
      "bus-cut",
    ],
    // The longest of them, and what follows from it.
    linkSettleMs: 4_000 + 2_000,
    // A lost last entry is found by the audit; meanwhile whoever had to has connected again. A link that is dead one way
    // is found by two pings without an answer, so at the third interval.
    recoveryMs: (world.plan.faults.includes("half-open") ? 3.3 * wireLimits.pingMs : hubLimits.auditMs) + 5_000,
    echoMs: 60_000,
    queueBytesMax: simLimits.queueBytes + simLimits.controlHeadroomBytes + wireLimits.frameBytes,
    outboxCountMax: wireLimits.outboxCount,
  };
}

/** A look of a node at the revocations may be lost, and the read that follows it; then it waits for their answers. */
const revocationMsOf = ({ weather: { lostAnswer, lostCommand } }: Plan): number =>
  lostAnswer + lostCommand === 0 ? 1_000 : 1_000 + 2 * answerMs;

/** Whether connections may be dead and nobody knows. */
const findsSlowly = ({ faults }: Plan): boolean =>
  faults.some((kind) => ["half-open", "server-crash", "client-crash", "frozen-reader", "slow-network"].includes(kind));

function countsOf(world: World): Counts {
  const { history, faults } = world.recorder;
  const sum = (of: (counters: Readonly<HubCounters>) => number): number =>
    world.counters.reduce((total, counters) => total + of(counters), 0);
  const counts: Record<string, number> = {
    publishes: sum(({ publishes }) => publishes),
    duplicates: sum(({ duplicates }) => duplicates),
    deliveries: history.filter(({ f }) => f === "deliver").length,
    "sent away": history.filter((event) => event.f === "state" && event.code === closeCodes.unauthorised.code).length,
    "rights taken": history.filter((event) => event.f === "auth" && event.forbids?.length).length,
    "forged positions": history.filter((event) => event.f === "sub" && (event.at?.tag ?? 2) < 2 && event.at?.offset)
      .length,
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
    moves: world.moveCount,
    ...world.operator.counts,
    notices: [...world.clients.values()].reduce((total, { noticeCount }) => total + noticeCount, 0),
    "sessions revoked": sum(({ revocations }) => revocations),
    "members' words": history.filter(({ f }) => f === "member").length,
    "views of members": history.filter(({ f }) => f === "presence").length,
    "messages between nodes": world.exchange.passedCount,
    "seeds of several nodes": world.plan.nodeCount > 1 ? 1 : 0,
    "seeds of stale reads": world.plan.store.hasStaleReads ? 1 : 0,
    "seeds without producers": world.plan.store.producer === "none" ? 1 : 0,
    "seeds of awaited echoes": world.plan.awaitsEchoes ? 1 : 0,
    "seeds that hold back": world.plan.flushes ? 1 : 0,
    "seeds of broken calls": world.plan.breaksCalls ? 1 : 0,
    "seeds of own states": world.plan.readsOwnState ? 1 : 0,
    "seeds of twins": world.plan.hasTwins ? 1 : 0,
    "seeds on disk, synced": world.plan.sync === "always" ? 1 : 0,
    "seeds on disk, synced late": world.plan.sync === "interval" ? 1 : 0,
    "calm seeds": world.plan.faults.length === 0 ? 1 : 0,
  };
  for (const event of history)
    if (event.f === "gap") counts[`gap ${event.why}`] = (counts[`gap ${event.why}`] ?? 0) + 1;
  for (const [kind, count] of faults) counts[`fault ${kind}`] = count;
  return counts;
}
