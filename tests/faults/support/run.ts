// One run: programs work under faults, everything heals and settles, a fresh reader reads all, everybody leaves, and what
// was written down is judged.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import type { EngineName } from "./engines.ts";
import { FileRecorder, replaceFile } from "./history-file.ts";
import { judge } from "./judge.ts";
import { faultKinds, Nemesis, type FaultKind } from "./nemesis.ts";
import { notesFile, type Counts, type RunNotes } from "./notes.ts";
import { readAll } from "./reader.ts";
import { World, type Node } from "./world.ts";

export interface RunOptions {
  readonly engine: EngineName;
  readonly seed: number;
  /** How long clients work and faults happen. Milliseconds. */
  readonly workMs: number;
  /** Longest time a program is frozen. Milliseconds, at most 60_000. */
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
  /** Of the histories; removed when nothing is wrong, or the run was ended, and nobody asked to keep them. */
  readonly folder: string;
}

const processCount = 3;
const clientsPerProcess = 3;
/** Members of a killed client are seen until their grace has passed. */
const settleLeastMs = 13_000;
const settleMostMs = 600_000;
/** How long nothing may move before we stop waiting: longer than anything is allowed to take. */
const stillMostMs = 90_000;
/** How long all is quiet before we believe it. */
const steadyMs = 2_000;
/** How often each kind of fault happens in a run. */
const roundsPerRun = 2.5;
const lookEveryMs = 500;
/** Clients that are to be online when the next fault happens, unless that takes too long: a fault may be why they are not. */
const onlineLeast = 3;
const connectMostMs = 30_000;
const connectLookMs = 100;

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { engine, seed, keep, signal } = options;
  const folder =
    keep === undefined ? mkdtempSync(join(tmpdir(), `heddle-faults-${engine}-`)) : join(keep, `${engine}-${seed}`);
  if (keep !== undefined) mkdirSync(folder, { recursive: true });
  const problems: string[] = [];
  let counts: Counts = {};
  try {
    await work(folder, options, (why) => problems.push(why));
    const verdict = judge(folder);
    counts = verdict.counts;
    problems.push(...verdict.problems);
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const isOfUse = problems.length > 0 && signal?.aborted !== true;
  if (!isOfUse && keep === undefined) rmSync(folder, { recursive: true });
  return { problems, counts, folder };
}

async function work(folder: string, options: RunOptions, failed: (why: string) => void): Promise<void> {
  const { engine, seed, workMs, longestStopMs, signal } = options;
  const random = new SeededRandom(seed);
  const recorder = new FileRecorder(folder, "harness");
  const isHeavy = random.chance(0.5);
  await using world = await World.start({
    ...{ folder, engine, isHeavy, processCount, clientsPerProcess, recorder, failed, signal, random: random.fork() },
  });
  const nemesis = new Nemesis(world, random.fork(), recorder, { longestStopMs, failed });
  try {
    await strikeFor(workMs, world, nemesis, { random, signal });
    await nemesis.heal();
    world.calm();
    recorder.record({ f: "healed" });
    await settled(world);
    const notes: RunNotes = { seed, engine, workMs, isHeavy, longestStopMs, final: await readAll(world.ports, signal) };
    replaceFile(join(folder, notesFile), notes);
    await world.leave();
    for (const node of world.nodes) await emptied(node, recorder);
  } finally {
    nemesis.stop();
  }
}

/**
 * Every kind in turn, in an order of its own each time round, so that none is left out. On a busy machine programs take long
 * to load and to connect: that time is not counted, or faults would meet nobody.
 */
async function strikeFor(
  workMs: number,
  world: World,
  nemesis: Nemesis,
  { random, signal }: { random: SeededRandom; signal?: AbortSignal | undefined },
): Promise<void> {
  const everyMs = workMs / (faultKinds.length * roundsPerRun);
  let left: FaultKind[] = [];
  for (let workedMs = 0; workedMs < workMs; workedMs += everyMs) {
    await nemesis.restarted();
    await connected(world, nemesis, signal);
    await pause(everyMs);
    signal?.throwIfAborted();
    if (left.length === 0) left = [...faultKinds];
    const kind = random.pick(left);
    if (nemesis.strike(kind)) left = left.filter((other) => other !== kind);
  }
}

/** While a server is frozen or away nobody can be expected to connect. */
async function connected(world: World, nemesis: Nemesis, signal?: AbortSignal): Promise<void> {
  const beganMs = performance.now();
  while (!nemesis.isServerTroubled && world.onlineCount < onlineLeast && performance.now() - beganMs < connectMostMs) {
    await pause(connectLookMs);
    signal?.throwIfAborted();
  }
}

/**
 * Waits until every client is online, every question answered, and all who follow a channel stand at one place: for as long
 * as anything moves, since how long catching up takes is a matter of the machine.
 */
async function settled(world: World): Promise<void> {
  const beganMs = performance.now();
  let changedMs = beganMs;
  let last = "";
  for (;;) {
    await pause(lookEveryMs);
    const nowMs = performance.now();
    const told = await world.tell();
    const stands = [...new Set(told.flatMap((one) => one.stands))].sort();
    const channels = new Set(stands.map((line) => line.split(" ")[0]));
    const isQuiet = told.every((one) => one.isOnline && one.openCount === 0) && stands.length === channels.size;
    const now = JSON.stringify(told);
    if (now !== last) changedMs = nowMs;
    last = now;
    const stillMs = nowMs - changedMs;
    if (nowMs - beganMs >= settleLeastMs && stillMs >= (isQuiet ? steadyMs : stillMostMs)) return;
    if (nowMs - beganMs >= settleMostMs) return;
  }
}

/** When everybody has left, nothing is left on a server; a closed channel lingers a moment. */
async function emptied({ server }: Node, recorder: FileRecorder): Promise<void> {
  if (server === undefined) throw new Error("a server is not there at the end");
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
