// What a run must have met to mean anything: least counts per hundred seeds. A simulation that meets no fault proves nothing.

import type { Counts } from "@heddle/testkit/simulation";

/** Per 100 seeds. Well below what is usual, well above what an idle run would show. */
export const floorsPerHundred: Counts = {
  publishes: 8_000,
  duplicates: 50,
  deliveries: 10_000,
  volatiles: 200,
  reconnects: 50,
  resumes: 200,
  "lagging turns": 200,
  repairs: 60,
  degradations: 200,
  calls: 400,
  parks: 6,
  skips: 100,
  "calm seeds": 3,
  "seeds of several nodes": 30,
  "seeds of stale reads": 10,
  "seeds without producers": 8,
  "seeds of awaited echoes": 8,
  "seeds that hold back": 2,
  "seeds of broken calls": 1,
  "seeds of own states": 1,
  "seeds of twins": 6,
  "forged positions": 15,
  "rights taken": 40,
  "sent away": 6,
  "seeds on disk, synced": 4,
  "seeds on disk, synced late": 4,
  moves: 10,
  "messages between nodes": 1_000,
  "members' words": 1_500,
  "views of members": 1_500,
  asks: 200,
  answers: 100,
  notices: 10,
  disconnects: 8,
  revocations: 8,
  "sessions revoked": 8,
  "gap epoch": 50,
  "gap fork": 15,
  "gap expired": 8,
  "gap overflow": 1,
  "fault cut": 10,
  "fault reset": 10,
  "fault half-open": 10,
  "fault slow-network": 10,
  "fault frozen-reader": 10,
  "fault server-crash": 10,
  "fault power-loss": 2,
  "fault store-lost": 10,
  "fault client-crash": 10,
  "fault client-closed": 10,
  "fault disconnected": 10,
  "fault store-link-broken": 10,
  "fault store-unreachable": 10,
  "fault failover": 10,
  "fault split-store": 10,
  "fault bus-cut": 10,
  "fault bus-down": 10,
  "fault lost-bus-message": 5,
  "fault stale-read": 100,
  "fault stale-read-refused": 5,
  "fault lost-answer": 50,
  "fault lost-command": 30,
  "fault lost-entry": 100,
  "fault repeated-entry": 100,
};

/** Fewer seeds than this are too few to judge. */
export const seedsJudged = 100;

/** The counts that are below their floor, as text. Empty for short runs. */
export function belowFloors(counts: Counts, seedCount: number): string[] {
  if (seedCount < seedsJudged) return [];
  return Object.entries(floorsPerHundred).flatMap(([name, floor]) => {
    const least = Math.floor((floor * seedCount) / 100);
    const count = counts[name] ?? 0;
    return count >= least ? [] : [`${name}: ${count}, at least ${least} wanted`];
  });
}
