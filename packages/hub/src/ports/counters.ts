// What the hub counts. Plain numbers that only rise, read by metrics, tests and the simulation; nothing is decided by them.

import type { GapCause } from "@heddle/protocol";

export interface HubCounters {
  publishes: number;
  duplicates: number;
  /** Durable publication frames given to connections. */
  deliveries: number;
  volatileDeliveries: number;
  volatileDrops: number;
  sessions: number;
  /** Subscriptions that went on from a carried position without a gap. */
  resumes: number;
  /** Turns of connections into the lagging state. */
  laggings: number;
  repairs: number;
  degradations: number;
  storeReads: number;
  calls: number;
  errors: number;
  readonly gaps: Record<GapCause, number>;
}

export function newCounters(): HubCounters {
  return {
    publishes: 0,
    duplicates: 0,
    deliveries: 0,
    volatileDeliveries: 0,
    volatileDrops: 0,
    sessions: 0,
    resumes: 0,
    laggings: 0,
    repairs: 0,
    degradations: 0,
    storeReads: 0,
    calls: 0,
    errors: 0,
    gaps: { epoch: 0, fork: 0, unverified: 0, overflow: 0, expired: 0 },
  };
}
