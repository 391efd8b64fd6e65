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
  /** Reads that had to wait for the store's budget. */
  readWaits: number;
  calls: number;
  /** Authorisations and hooks that did not settle in time. */
  lateHooks: number;
  errors: number;
  /** Frames refused because their connection or user asked for too much. */
  rateRefusals: number;
  /** Connections closed because they did not stop asking. */
  floods: number;
  /** Publishes refused because the store answers late. */
  admissionRefusals: number;
  /** Newcomers asked to come back later. */
  arrivalRefusals: number;
  /** Newcomers refused because their user has too many connections. */
  userRefusals: number;
  /** Connections closed because memory is short. */
  memoryCloses: number;
  /** Questions put to other nodes, those of them without a good answer, and questions of other nodes. */
  nodeQuestions: number;
  nodeFailures: number;
  nodeAnswers: number;
  /** Connections ended, and tokens refused, because they were taken back. */
  revocations: number;
  /** Turns of the memory guard to a level. */
  readonly memoryLevels: Record<"calm" | "tight" | "full" | "critical", number>;
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
    readWaits: 0,
    calls: 0,
    lateHooks: 0,
    errors: 0,
    rateRefusals: 0,
    floods: 0,
    admissionRefusals: 0,
    arrivalRefusals: 0,
    userRefusals: 0,
    memoryCloses: 0,
    nodeQuestions: 0,
    nodeFailures: 0,
    nodeAnswers: 0,
    revocations: 0,
    memoryLevels: { calm: 0, tight: 0, full: 0, critical: 0 },
    gaps: { epoch: 0, fork: 0, unverified: 0, overflow: 0, expired: 0 },
  };
}
