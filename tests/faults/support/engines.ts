// The engines a run can be made on: how a server process opens one, how many processes share its store, and what it promises
// beyond the checker's rules. Another engine is one more entry here.

import { disk } from "@heddle/engine-disk";
import type { Engine } from "@heddle/hub/ports";
import type { GapCause } from "@heddle/protocol";
import { memoryEngine } from "@heddle/server";
import type { Facts } from "@heddle/testkit/checker";

/** Where servers find what they have in common. */
export interface Store {
  /** Of its files, over all restarts. */
  readonly path: string;
  /** Of a store that is a program of its own; 0 when there is none. */
  readonly port: number;
}

export interface EngineCase {
  /** Server processes over one store. */
  readonly nodeCount: number;
  /** Starts the store, when it is a program of its own. @param failed  told when it ends by itself */
  readonly start?: (folder: string, failed: (why: string) => void) => Promise<Pick<Store, "port"> & AsyncDisposable>;
  open(store: Store): Engine;
  /** The only causes of gaps it may ever have. */
  readonly gaps: readonly GapCause[];
  /** What it promises less, or later, than an engine of one process that keeps everything. */
  readonly facts?: Partial<Facts>;
  /** What a run on it must have met beside what every run must, per minute of work. */
  readonly floors: Readonly<Record<string, number>>;
}

export const engineCases = {
  /** Begins anew with every server, so there is one. */
  memory: {
    nodeCount: 1,
    open: () => memoryEngine(),
    gaps: ["epoch", "expired", "overflow"],
    floors: { "gap epoch": 16 },
  },
  /** Goes on after every end of its server, however that came. */
  disk: {
    nodeCount: 1,
    open: ({ path }) => disk({ path, sync: "always" }),
    gaps: ["expired", "overflow"],
    floors: { duplicates: 40, resumes: 20 },
  },
} as const satisfies Record<string, EngineCase>;

export type EngineName = keyof typeof engineCases;
export const engineNames = Object.keys(engineCases) as readonly EngineName[];
/** As the interface has it, whichever it is. */
export const engineCase = (name: EngineName): EngineCase => engineCases[name];
