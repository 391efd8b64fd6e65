// The engines a run can be made on: how a server process opens one, how many processes share its store, and what it promises
// beyond the checker's rules. Another engine is one more entry here.

import { disk } from "@heddle/engine-disk";
import { redis } from "@heddle/engine-redis";
import type { Engine } from "@heddle/hub/ports";
import type { GapCause } from "@heddle/protocol";
import { memoryEngine } from "@heddle/server";
import type { Facts } from "@heddle/testkit/checker";
import { losingFaults, redisFaultKinds, RedisStore } from "./redis-store.ts";
import type { StoreProgram } from "./store.ts";

/** Where servers find what they have in common. */
export interface Store {
  /** Of its files, over all restarts. */
  readonly path: string;
  /** Where this server finds a store that is a program of its own; empty when there is none. */
  readonly urls: readonly string[];
}

export interface EngineCase {
  /** Server processes over one store. */
  readonly nodeCount: number;
  /** Starts the store, when it is a program of its own. */
  readonly start?: (nodeCount: number) => Promise<StoreProgram>;
  /** What can befall that program: the names of its faults. */
  readonly storeFaults?: readonly string[];
  open(store: Store): Engine;
  /** The only causes of gaps it may ever have. */
  readonly gaps: readonly GapCause[];
  /** What it promises less, or later, than an engine of one process that keeps everything. */
  readonly facts?: Partial<Facts>;
  /** What a run on it must have met beside what every run must. Of any length: each has as many faults. */
  readonly floors: Readonly<Record<string, number>>;
}

/** So that what a node does when it waits too long happens within a run. */
const quickRedis = {
  ...{ connectMs: 5_000, answerMs: 5_000, probeMs: 1_500, retryMinMs: 50, retryMaxMs: 1_000 },
  ...{ heartbeatMs: 500, leaseMs: 4_000 },
};

export const engineCases = {
  /** Begins anew with every server, so there is one. */
  memory: {
    nodeCount: 1,
    open: () => memoryEngine(),
    gaps: ["epoch", "expired", "overflow"],
    floors: { "gap epoch": 9 },
  },
  /** Goes on after every end of its server, however that came. */
  disk: {
    nodeCount: 1,
    open: ({ path }) => disk({ path, sync: "always" }),
    gaps: ["expired", "overflow"],
    floors: { duplicates: 8, resumes: 5 },
  },
  /** Two servers on one Redis, which keeps everything but when it is emptied. */
  redis: {
    nodeCount: 2,
    start: (nodeCount) => RedisStore.start(nodeCount),
    storeFaults: redisFaultKinds,
    open: ({ urls }) => redis({ url: urls, limits: quickRedis }),
    gaps: ["epoch", "expired", "overflow"],
    facts: { losingFaults, nodeLagMs: 60_000 },
    floors: { "gap epoch": 8, duplicates: 5 },
  },
} as const satisfies Record<string, EngineCase>;

export type EngineName = keyof typeof engineCases;
export const engineNames = Object.keys(engineCases) as readonly EngineName[];
/** As the interface has it, whichever it is. */
export const engineCase = (name: EngineName): EngineCase => engineCases[name];
