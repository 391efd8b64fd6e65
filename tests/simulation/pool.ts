// Worker processes that share out seeds. Ends them all when done or interrupted.

import { fork, type ChildProcess } from "node:child_process";
import type { Counts, PlanPart, Strike, Without } from "@heddle/testkit/simulation";
import type { Plant } from "./planted.ts";

export interface Verdict {
  readonly seed: number;
  readonly counts: Counts;
  /** What it took of a processor, whatever else the machine did. Milliseconds. */
  readonly cpuMs: number;
  /** The faults that were planned. */
  readonly strikes: readonly Strike[];
  /** What the seed's world has that could be left out. */
  readonly parts: readonly PlanPart[];
  /** The first few, as text. */
  readonly violations: readonly string[];
  readonly violationCount: number;
}

export interface PoolOptions {
  readonly workers: number;
  readonly plant?: Plant | undefined;
  /** Prints every event of every history. */
  readonly trace?: boolean;
  /** Left out of every seed. */
  readonly without?: Partial<Without>;
  /** Called with each verdict, in the order they come; `true` stops the run. */
  readonly onVerdict: (verdict: Verdict) => boolean | void;
}

const workerPath = new URL("worker.mjs", import.meta.url).pathname;
const plantPath = new URL("plant.mjs", import.meta.url).href;

/** Runs every seed of first…first+count−1, unless stopped. @throws when a worker dies */
export async function runSeeds(first: number, count: number, options: PoolOptions): Promise<void> {
  let next = first;
  const end = first + count;
  let isStopped = false;
  const take = (): number | undefined => (isStopped || next >= end ? undefined : next++);
  const stop = (): void => void (isStopped = true);
  await Promise.all(Array.from({ length: Math.min(options.workers, count) }, () => runWorker(take, options, stop)));
}

function runWorker(
  take: () => number | undefined,
  { plant, trace = false, without = {}, onVerdict }: PoolOptions,
  stop: () => void,
): Promise<void> {
  const worker = fork(workerPath, [], {
    execArgv: plant === undefined ? [] : ["--import", plantPath],
    env: { ...process.env, ...(plant === undefined ? {} : { HEDDLE_PLANT: JSON.stringify(plant) }) },
    stdio: ["ignore", "inherit", plant === undefined ? "inherit" : "ignore", "ipc"],
  });
  return new Promise((resolve, reject) => {
    let isDone = false;
    let current: number | undefined;
    const give = (): void => {
      const seed = (current = take());
      if (seed !== undefined) return void worker.send({ seed, trace, without });
      isDone = true;
      end(worker);
      resolve();
    };
    worker.on("message", (verdict: Verdict) => {
      if (onVerdict(verdict)) stop();
      give();
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (isDone) return;
      const why = `a worker ended with ${code} at seed ${current}`;
      if (plant === undefined || current === undefined) return reject(new Error(why));
      // A bug may end its process: then it is found.
      onVerdict({
        seed: current,
        counts: {},
        cpuMs: 0,
        strikes: [],
        parts: [],
        violations: [`crash: ${why}`],
        violationCount: 1,
      });
      resolve();
    });
    give();
  });
}

function end(worker: ChildProcess): void {
  if (worker.connected) worker.disconnect();
}
