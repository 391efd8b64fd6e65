// One suite for every engine: give it a way to open yours, run the list it returns.

import type { Clock, Random } from "@heddle/base";
import type { Engine } from "@heddle/hub/ports";
import { appendCases } from "./append-cases.ts";
import { attachCases } from "./attach-cases.ts";
import { Bench, type Ability, type EngineCase } from "./bench.ts";
import { nodeCases } from "./node-cases.ts";
import { PassingClock } from "./passing-clock.ts";
import { peerCases } from "./peer-cases.ts";
import { readCases } from "./read-cases.ts";
import { restartCases } from "./restart-cases.ts";
import { retentionCases } from "./retention-cases.ts";

export type { Ability } from "./bench.ts";

export interface EngineSubject {
  /** An engine on an empty store of its own, not started. Called once for each case. */
  create(): Promise<OpenedEngine>;
  /** A real clock, such as `systemClock()`. The engine is given one that runs with it and can be passed ahead. */
  readonly clock: Clock;
  readonly random: Random;
  /** Abilities the engine does not have, and why; their cases are left out. */
  readonly lacks?: Partial<Readonly<Record<Ability, string>>>;
}

export interface OpenedEngine {
  readonly engine: Engine;
  /** Another engine on the same store, not started. Called after the first has stopped. Engines without it lack `restart`. */
  readonly reopen?: () => Promise<Engine>;
  /** Another engine on the same store while the first one runs, not started. Engines without it lack `peer`. */
  readonly peer?: () => Promise<Engine>;
  /** Clears up; the engine has been stopped. */
  dispose(): Promise<void>;
}

export interface ConformanceCase {
  /** Finishes the sentence "it …". */
  readonly title: string;
  /** @throws {ConformanceError} when the engine does not do what the port says */
  run(): Promise<void>;
}

/** Every check that applies to this engine. Cases share nothing and may run in any order. */
export function engineConformance(subject: EngineSubject): readonly ConformanceCase[] {
  return cases
    .filter(({ needs }) => !needs?.some((ability) => subject.lacks?.[ability] !== undefined))
    .map((each) => ({ title: each.title, run: () => runOne(subject, each) }));
}

const cases: readonly EngineCase[] = [
  ...appendCases,
  ...attachCases,
  ...readCases,
  ...retentionCases,
  ...restartCases,
  ...nodeCases,
  ...peerCases,
];

async function runOne({ create, clock: real, random }: EngineSubject, { run }: EngineCase): Promise<void> {
  const clock = new PassingClock(real);
  const opened = await create();
  let { engine } = opened;
  const peers: Engine[] = [];
  try {
    await engine.start({ clock, random });
    const restarted = async (): Promise<Engine> => {
      await engine.stop();
      if (opened.reopen === undefined) throw new Error("engineConformance: no reopen() and no lack of restart stated");
      engine = await opened.reopen();
      await engine.start({ clock, random });
      return engine;
    };
    const peer = async (): Promise<Engine> => {
      if (opened.peer === undefined) throw new Error("engineConformance: no peer() and no lack of peer stated");
      const other = await opened.peer();
      await other.start({ clock, random });
      peers.push(other);
      return other;
    };
    await run(new Bench(engine, clock, random, { restarted, peer }));
  } finally {
    for (const each of peers) await each.stop();
    await engine.stop();
    await opened.dispose();
  }
}
