// A crowd at work on three nodes: the simulation's clients over real sockets. What every one of them saw goes through the
// simulation's checker.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import type { Transport } from "@heddle/client/core";
import { act, SimClient } from "@heddle/testkit/simulation";
import { FileRecorder, machineClock, replaceFile } from "../../faults/support/history-file.ts";
import { judge } from "../../faults/support/judge.ts";
import { notesFile, type Counts, type RunNotes } from "../../faults/support/notes.ts";
import { readAll } from "../../faults/support/reader.ts";
import type { Fleet, FleetOptions } from "./fleet.ts";
import { until } from "./wait.ts";

const actEveryMs = 40;

export interface CrowdDay {
  readonly seed: number;
  readonly clientCount: number;
  /** Starts the nodes. */
  fleet(options: FleetOptions): Promise<Fleet>;
  /** Runs before anybody comes. @returns how each client reaches the nodes, and what is to be ended afterwards */
  arrive(fleet: Fleet): Promise<{ transport(name: string): Transport; end(): Promise<unknown> }>;
  /** What happens while they work. Whatever may keep somebody away for longer than a channel's history is said as a fault. */
  during(fleet: Fleet, clients: readonly SimClient[], recorder: FileRecorder): Promise<void>;
}

export interface CrowdOutcome {
  /** What the checker found. */
  readonly problems: readonly string[];
  readonly counts: Counts;
  /** Every change of anybody's state while they worked. */
  readonly states: readonly string[];
}

/** Everybody comes, works, and stops; when all that was asked is answered and all have read to the end, it is judged. */
export async function spendDay({ seed, clientCount, ...day }: CrowdDay): Promise<CrowdOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-crowd-"));
  const recorder = new FileRecorder(folder, "all");
  const random = new SeededRandom(seed);
  await using fleet = await day.fleet({ recorder, folder });
  const way = await day.arrive(fleet);
  try {
    const clock = machineClock();
    const clients = Array.from(
      { length: clientCount },
      (_, index) =>
        new SimClient(`c${index}`, 1, {
          time: { process: () => ({ ...clock, kill: () => {} }) },
          net: { transport: (name) => way.transport(name), links: () => [] },
          ...{ random: random.fork(), recorder, plan: { hasSlowHandlers: false, tokenMs: 600_000 } },
        }),
    );
    await until(() => clients.every(({ core }) => core.state.name === "online"), "everybody online");
    for (const client of clients) client.follow("big/1");
    const states: string[] = [];
    for (const { core } of clients) core.onState(({ name }) => void states.push(name));
    const load = setInterval(() => act(random.pick(clients), random, { isHeavy: false }), actEveryMs);
    await day.during(fleet, clients, recorder);
    clearInterval(load);
    recorder.record({ f: "healed" });
    await settled(clients, recorder);
    const seen = [...states];
    // The client finds a hole and mends it, so that nothing is lost; but nobody may have made one.
    const holeCount = clients.reduce((sum, { core }) => sum + core.stats.chainBreaks, 0);
    const final = await readAll(fleet.ports, new AbortController().signal);
    const notes: RunNotes = { seed, engine: "memory", workMs: 0, servedMs: 0, isHeavy: false, longestStopMs: 0, final };
    replaceFile(join(folder, notesFile), notes);
    await Promise.all(clients.map((client) => client.close()));
    const { problems, counts } = judge(folder);
    rmSync(folder, { recursive: true });
    // Floors are for runs with all faults.
    const found = problems.filter((problem) => !problem.startsWith("floor:"));
    if (holeCount > 0) found.push(`no-silent-gap: clients found ${holeCount} holes in their streams`);
    return { problems: found, counts, states: seen };
  } finally {
    await way.end();
  }
}

/** Nothing is open, and whoever follows a channel stands where everybody else who does. */
function settled(clients: readonly SimClient[], recorder: FileRecorder): Promise<void> {
  const stands = (): string[] => [
    ...new Set(clients.flatMap((client) => [...client.handled()].map(([ch, pos]) => `${ch} ${pos.join()}`))),
  ];
  const isSteady = (): boolean =>
    recorder.openCount === 0 && stands().length === new Set(stands().map((line) => line.split(" ")[0])).size;
  return until(isSteady, () => `${recorder.openCount} questions open; clients at ${stands().join(" and ")}`);
}
