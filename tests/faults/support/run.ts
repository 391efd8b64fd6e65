// One run: programs work under faults, everything heals and settles, a fresh reader reads all, everybody leaves, and what
// was written down is judged.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import type { EngineName } from "./engines.ts";
import { FileRecorder, replaceFile } from "./history-file.ts";
import { judge } from "./judge.ts";
import { faultKindsOf } from "./floors.ts";
import { Nemesis } from "./nemesis.ts";
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
  /** Told how far it is, every half minute. */
  readonly progress?: ((text: string) => void) | undefined;
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
/** Faults in a run, at least; and how often each kind is tried, where there are many. */
const strikesLeast = 30;
const roundsLeast = 1.5;
/** How many times as long as wanted a run goes on for those kinds that have not happened: a store is in trouble longer on a busy machine. */
const overtimeMost = 4;
const lookEveryMs = 500;
const tellEveryMs = 30_000;
/** Clients that are to be online when the next fault happens, unless that takes too long: a fault may be why they are not. */
const onlineLeast = 3;
const connectMostMs = 30_000;
const connectLookMs = 100;

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { engine, seed, keep, signal } = options;
  const folder =
    keep === undefined ? mkdtempSync(join(tmpdir(), `heddle-faults-${engine}-`)) : join(keep, `${engine}-${seed}`);
  if (keep !== undefined && mkdirSync(folder, { recursive: true }) === undefined)
    throw new Error(`${folder}: the histories of an earlier run are there`); // they would be judged with those of this one
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
  const { engine, seed, workMs, longestStopMs, signal, progress = () => undefined } = options;
  const random = new SeededRandom(seed);
  const recorder = new FileRecorder(folder, "harness");
  const isHeavy = random.chance(0.5);
  await using world = await World.start({
    ...{ folder, engine, isHeavy, processCount, clientsPerProcess, recorder, failed, signal, random: random.fork() },
  });
  const beganMs = performance.now();
  let doing = "working";
  const teller = setInterval(() => {
    progress(`${engine}: ${doing}, ${Math.round((performance.now() - beganMs) / 1_000)} s since the beginning`);
  }, tellEveryMs);
  const nemesis = new Nemesis(world, random.fork(), recorder, { longestStopMs, failed });
  try {
    const servedMs = await strikeFor(workMs, world, nemesis, { kinds: faultKindsOf(engine), random, signal });
    doing = "settling";
    await nemesis.heal();
    world.calm();
    recorder.record({ f: "healed" });
    await settled(world);
    const final = await readAll(world.ports, signal);
    const notes: RunNotes = { seed, engine, workMs, servedMs, isHeavy, longestStopMs, final };
    replaceFile(join(folder, notesFile), notes);
    await world.leave();
    for (const node of world.nodes) await emptied(node, recorder);
  } finally {
    clearInterval(teller);
    nemesis.stop();
  }
}

/**
 * Every kind in turn, in an order of its own each time round, so that none is left out; at the end those that found servers
 * or store in trouble whenever it was their turn. On a busy machine programs take long to load and to connect: that time is not
 * counted, or faults would meet nobody.
 *
 * @returns about how long servers were there. Milliseconds
 */
async function strikeFor(
  workMs: number,
  world: World,
  nemesis: Nemesis,
  { kinds, random, signal }: { kinds: readonly string[]; random: SeededRandom; signal?: AbortSignal | undefined },
): Promise<number> {
  const everyMs = workMs / Math.max(strikesLeast, kinds.length * roundsLeast);
  const missing = new Set(kinds);
  const isOver = (workedMs: number): boolean => workedMs >= workMs * (missing.size === 0 ? 1 : overtimeMost);
  let left: string[] = [];
  let servedMs = 0;
  for (let workedMs = 0; !isOver(workedMs); workedMs += everyMs) {
    await nemesis.restarted();
    await connected(world, nemesis, signal);
    const wasTroubled = nemesis.isServerTroubled;
    await pause(everyMs);
    if (!wasTroubled && !nemesis.isServerTroubled) servedMs += everyMs;
    signal?.throwIfAborted();
    if (workedMs >= workMs) left = [...missing];
    // While a server is frozen none can be troubled, for a minute even: then the next turn begins with the others.
    else if (left.length === 0) left = [...kinds];
    let struck = strikeOneOf(left, nemesis, random);
    if (struck === undefined && workedMs < workMs) struck = strikeOneOf((left = [...kinds]), nemesis, random);
    left = left.filter((kind) => kind !== struck);
    if (struck !== undefined) missing.delete(struck);
  }
  return servedMs;
}

/** Lets one of these faults happen, any that can now. */
function strikeOneOf(kinds: readonly string[], nemesis: Nemesis, random: SeededRandom): string | undefined {
  for (let left = kinds; left.length > 0;) {
    const kind = random.pick(left);
    if (nemesis.strike(kind)) return kind;
    left = left.filter((other) => other !== kind);
  }
  return undefined;
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
