// One run: programs work under faults, everything heals and settles, a fresh reader reads all, everybody leaves, and what
// was written down is judged.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import { belowFloors } from "./floors.ts";
import { FileRecorder, replaceFile } from "./history-file.ts";
import { judge, notesFile, type Counts, type RunNotes } from "./judge.ts";
import { faultKinds, Nemesis, type FaultKind } from "./nemesis.ts";
import type { EngineName } from "./programs.ts";
import { readAll } from "./reader.ts";
import { World } from "./world.ts";

export interface RunOptions {
  readonly engine: EngineName;
  readonly seed: number;
  /** How long clients work and faults happen. Milliseconds. */
  readonly workMs: number;
  /** Longest time a program is frozen. Milliseconds, at most 20_000. */
  readonly longestStopMs: number;
  /** Where to keep the histories whatever happens; without it they are kept only when something is wrong. */
  readonly keep?: string | undefined;
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** Violations, floors not met, and what ended unexpectedly. Empty: all is well. */
  readonly problems: readonly string[];
  readonly counts: Counts;
  /** Of the histories; removed when nothing is wrong and nobody asked to keep them. */
  readonly folder: string;
}

const processCount = 3;
const clientsPerProcess = 3;
/** Members of a killed client are seen until their grace has passed. */
const settleLeastMs = 13_000;
const settleMostMs = 90_000;
/** How often each kind of fault happens in a run. */
const roundsPerRun = 2.5;
const lookEveryMs = 500;
/** Looks in a row that must show the same. */
const steadyCount = 4;

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { engine, seed, workMs, keep } = options;
  const folder =
    keep === undefined ? mkdtempSync(join(tmpdir(), `heddle-faults-${engine}-`)) : join(keep, `${engine}-${seed}`);
  if (keep !== undefined) mkdirSync(folder, { recursive: true });
  const problems: string[] = [];
  let counts: Counts = {};
  try {
    await work(folder, options, (why) => problems.push(why));
    const verdict = judge(folder);
    counts = verdict.counts;
    problems.push(...verdict.violations, ...belowFloors(counts, engine, workMs).map((line) => `floor: ${line}`));
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (problems.length === 0 && keep === undefined) rmSync(folder, { recursive: true });
  return { problems, counts, folder };
}

async function work(folder: string, options: RunOptions, failed: (why: string) => void): Promise<void> {
  const { engine, seed, workMs, longestStopMs, signal } = options;
  const random = new SeededRandom(seed);
  const recorder = new FileRecorder(folder, "harness");
  const isHeavy = random.chance(0.5);
  await using world = await World.start({
    ...{ folder, engine, isHeavy, processCount, clientsPerProcess, recorder, failed, random: random.fork() },
  });
  const aborted = (): void => void world[Symbol.asyncDispose]();
  signal?.addEventListener("abort", aborted);
  const nemesis = new Nemesis(world, random.fork(), recorder, { longestStopMs, failed });
  try {
    await strikeFor(workMs, nemesis, random, signal);
    await nemesis.heal();
    world.calm();
    recorder.record({ f: "healed" });
    await settled(world);
    const notes: RunNotes = { seed, engine, final: await readAll(world.port) };
    replaceFile(join(folder, notesFile), notes);
    await world.leave();
    await emptied(world, recorder);
  } finally {
    nemesis.stop();
    signal?.removeEventListener("abort", aborted);
  }
}

/** Every kind in turn, in an order of its own each time round, so that none is left out. */
async function strikeFor(workMs: number, nemesis: Nemesis, random: SeededRandom, signal?: AbortSignal): Promise<void> {
  const everyMs = workMs / (faultKinds.length * roundsPerRun);
  let left: FaultKind[] = [];
  for (let workedMs = 0; workedMs < workMs; workedMs += everyMs) {
    await nemesis.restarted(); // while a program is loaded again nothing happens, however long a busy machine takes
    await pause(everyMs);
    signal?.throwIfAborted();
    if (left.length === 0) left = [...faultKinds];
    const kind = random.pick(left);
    if (nemesis.strike(kind)) left = left.filter((other) => other !== kind);
  }
}

/** Waits until every client is online, every question answered, and all who follow a channel stand at one place. */
async function settled(world: World): Promise<void> {
  const beganMs = performance.now();
  let last = "";
  let steady = 0;
  while (performance.now() - beganMs < settleMostMs) {
    await pause(lookEveryMs);
    const told = await world.tell();
    const stands = [...new Set(told.flatMap((one) => one.stands))].sort();
    const channels = new Set(stands.map((line) => line.split(" ")[0]));
    const isQuiet = told.every((one) => one.isOnline && one.openCount === 0) && stands.length === channels.size;
    const now = stands.join("\n");
    steady = isQuiet && now === last ? steady + 1 : 0;
    last = now;
    if (steady >= steadyCount && performance.now() - beganMs >= settleLeastMs) return;
  }
}

/** When everybody has left, nothing is left on the server; a closed channel lingers a moment. */
async function emptied(world: World, recorder: FileRecorder): Promise<void> {
  const { server } = world;
  if (server === undefined) throw new Error("no server at the end");
  const triesMost = 20;
  for (let tries = 1; ; tries++) {
    const told = server.told("left");
    server.order("tell");
    const { left } = await told;
    if (Object.values(left).every((count) => count === 0) || tries === triesMost) {
      return recorder.record({ f: "resource", target: server.name, left });
    }
    await pause(lookEveryMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
