// `npm run simulate`: runs seeds of the simulation, prints what they met, and fails on a violation or below the floors.

import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { belowFloors, floorsPerHundred } from "./floors.ts";
import { plants } from "./planted.ts";
import { shrink } from "./shrink.ts";
import { runSeeds, type Verdict } from "./pool.ts";

const usage = `usage: npm run simulate -- [--seeds N] [--seed S] [--workers W] [--plant NAME] [--trace]
       npm run simulate -- --shrink --seed S [--plant NAME]
       npm run simulate -- --hunt [--seeds N] [--plant NAME]…

  --seeds N     how many seeds, 1 to 10000000; default 100
  --seed S      the first one; random if absent. Seeds S to S+N-1 are run
  --workers W   processes, 1 to 64; default one a core
  --plant NAME  with a planted bug: ${plants.map(({ name }) => name).join(", ")}
  --trace       print every event of the histories
  --shrink      leave out faults and weather as long as the seed still fails, and print what is left
  --hunt        find the first seed that catches each planted bug, or each of those named (at most N, default 2000),
                and write it down`;

const seedsPath = new URL("planted-seeds.json", import.meta.url);

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    workers: { type: "string" },
    plant: { type: "string", multiple: true, default: [] },
    trace: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    hunt: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function wholeNumber(name: string, text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  console.error(`--${name}: ${text} given, a whole number from 1 to ${most} wanted`);
  process.exit(2);
}

const workers = wholeNumber("workers", values.workers, availableParallelism(), 64);
const named = plants.filter(({ name }) => values.plant.includes(name));
const [plant] = named;
if (values.help) {
  console.log(usage);
} else if (named.length < new Set(values.plant).size || (named.length > 1 && !values.hunt)) {
  console.error(
    `--plant: ${values.plant.join(", ")} given; known names wanted, and one of them unless hunting\n\n${usage}`,
  );
  process.exitCode = 2;
} else if (values.shrink) {
  await shrinkSeed(wholeNumber("seed", values.seed, 1, 2 ** 32 - 1));
} else if (values.hunt) {
  await hunt(wholeNumber("seeds", values.seeds, 2_000, 10_000_000));
} else {
  await runAll();
}

async function runAll(): Promise<void> {
  const count = wholeNumber("seeds", values.seeds, 100, 10_000_000);
  const first = wholeNumber("seed", values.seed, randomInt(1, 2 ** 31), 2 ** 32 - 1);
  const totals: Record<string, number> = {};
  const bad: Verdict[] = [];
  const startMs = performance.now();
  let done = 0;
  let cpuMs = 0;
  const interrupted = (): void => {
    console.error(`\ninterrupted after ${done} of ${count} seeds`);
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  console.log(`seeds ${first} to ${first + count - 1}, ${workers} workers${plant ? `, planted: ${plant.why}` : ""}`);
  await runSeeds(first, count, {
    workers,
    plant,
    trace: values.trace,
    onVerdict(verdict) {
      done++;
      cpuMs += verdict.cpuMs;
      for (const [name, value] of Object.entries(verdict.counts)) totals[name] = (totals[name] ?? 0) + value;
      if (verdict.violationCount > 0) {
        bad.push(verdict);
        tell(verdict);
      }
      if (done % 100 === 0) progress(done, count, startMs);
    },
  });
  print(totals);
  const tookMs = performance.now() - startMs;
  console.log(`\n${count} seeds in ${(tookMs / 1_000).toFixed(1)} s (${(cpuMs / count).toFixed(0)} ms of a core each)`);
  const low = plant === undefined ? belowFloors(totals, count) : [];
  for (const line of low) console.error(`below the floor: ${line}`);
  console.log(`${bad.length} seeds with violations`);
  process.exitCode = bad.length > 0 || low.length > 0 ? 1 : 0;
}

function tell({ seed, violations, violationCount }: Verdict): void {
  console.error(`\nseed ${seed}: ${violationCount} violations`);
  for (const text of violations) console.error(`  ${text}`);
  console.error(`  again: npm run simulate -- --seeds 1 --seed ${seed}${plant ? ` --plant ${plant.name}` : ""}`);
}

function progress(done: number, count: number, startMs: number): void {
  const leftS = (((performance.now() - startMs) / done) * (count - done)) / 1_000;
  console.error(`${done}/${count} seeds, about ${leftS.toFixed(0)} s left`);
}

function print(totals: Readonly<Record<string, number>>): void {
  console.log("");
  for (const name of [...new Set([...Object.keys(floorsPerHundred), ...Object.keys(totals).sort()])]) {
    console.log(`${name.padEnd(28)} ${String(totals[name] ?? 0).padStart(10)}`);
  }
}

async function shrinkSeed(seed: number): Promise<void> {
  const shrunk = await shrink(seed, plant);
  if (shrunk === undefined) return console.log(`seed ${seed} holds`);
  const { verdict, strikes, strikeCount, parts, runCount } = shrunk;
  console.log(`seed ${seed} still fails with ${strikes.length} of ${strikeCount} faults, after ${runCount} runs:`);
  for (const { index, atMs, kind } of strikes) console.log(`  fault ${index} at ${atMs.toFixed(0)} ms: ${kind}`);
  console.log(`  and: ${parts.join(", ") || "nothing else"}`);
  for (const text of verdict.violations) console.log(`  ${text}`);
  process.exitCode = 1;
}

/**
 * The first catching seed of each plant, or of those named; each is written down as it is found, what was known of the
 * others stays. A plant nothing catches is a hole in the simulation.
 */
async function hunt(most: number): Promise<void> {
  const known = JSON.parse(readFileSync(seedsPath, "utf8")) as Record<string, number>;
  for (const candidate of named.length > 0 ? named : plants) {
    let caught: Verdict | undefined;
    await runSeeds(1, most, {
      workers,
      plant: candidate,
      onVerdict(verdict) {
        if (verdict.violationCount > 0 && verdict.seed < (caught?.seed ?? Infinity)) caught = verdict;
        return caught !== undefined;
      },
    });
    delete known[candidate.name];
    if (caught === undefined) console.log(`${candidate.name}: NOT CAUGHT within ${most} seeds`);
    else {
      known[candidate.name] = caught.seed;
      console.log(`${candidate.name}: seed ${caught.seed}, ${caught.violations[0]?.slice(0, 150)}`);
    }
    const inOrder = plants.flatMap(({ name }) => (known[name] === undefined ? [] : [[name, known[name]] as const]));
    writeFileSync(seedsPath, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
  }
}
