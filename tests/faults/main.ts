// `npm run faults`: real processes under faults, judged by the simulation's checker. Fails on a violation, below the
// floors, and when a program ends by itself.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { judge, type Counts } from "./support/judge.ts";
import { engines } from "./support/programs.ts";
import { runFaults } from "./support/run.ts";
import { sets } from "./support/sets.ts";

const usage = `usage: npm run faults -- [--engine ${engines.join("|")}] [--set ${Object.keys(sets).join("|")}] [--seed S] [--keep DIR]
       npm run faults -- --judge DIR

  --engine NAME  where the server keeps its channels; default each in turn
  --set NAME     ${Object.entries(sets)
    .map(([name, { rounds, workMs }]) => `${name}: ${rounds} × ${workMs / 1_000} s of work for each engine`)
    .join("; ")}; default smoke
  --seed S       of the first round, 1 to 4294967295; random if absent. Times are real, so a seed repeats what is
                 tried and not what happens
  --keep DIR     keep all histories there; without it only those in which something is wrong
  --judge DIR    judge the histories of an earlier run again`;

const { values } = parseArgs({
  options: {
    engine: { type: "string" },
    set: { type: "string", default: "smoke" },
    seed: { type: "string" },
    keep: { type: "string" },
    judge: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const chosen = engines.filter((engine) => values.engine === undefined || engine === values.engine);
const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
const set = sets[values.set];

if (values.help) console.log(usage);
else if (values.judge !== undefined) process.exitCode = tell(judgeAgain(values.judge));
else if (set === undefined || chosen.length === 0 || !(Number.isInteger(seed) && seed >= 1 && seed < 2 ** 32)) {
  console.error(usage);
  process.exitCode = 2;
} else await runAll(set);

async function runAll({ rounds, ...times }: (typeof sets)[string]): Promise<void> {
  const interrupt = new AbortController();
  process.once("SIGINT", () => {
    console.error("\ninterrupted: ending what was started");
    interrupt.abort(new Error("interrupted"));
  });
  for (let round = 0; round < rounds && !interrupt.signal.aborted; round++) {
    for (const engine of chosen) {
      if (interrupt.signal.aborted) break;
      const of = { ...times, engine, seed: seed + round, keep: values.keep, signal: interrupt.signal };
      console.log(`\n▸ ${engine}, seed ${of.seed}: ${times.workMs / 1_000} s of work`);
      const result = await runFaults(of);
      if (interrupt.signal.aborted) break;
      const code = tell(result);
      if (code !== 0)
        console.error(`  again: npm run faults -- --engine ${engine} --set ${values.set} --seed ${of.seed}`);
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    }
  }
  if (interrupt.signal.aborted) process.exitCode = 130;
}

function judgeAgain(folder: string): Parameters<typeof tell>[0] {
  const { violations, counts } = judge(folder);
  return { problems: violations, counts, folder };
}

/** @returns the exit code */
function tell({ problems, counts, folder }: { problems: readonly string[]; counts: Counts; folder: string }): number {
  for (const name of Object.keys(counts).sort())
    console.log(`  ${name.padEnd(24)} ${String(counts[name]).padStart(8)}`);
  if (problems.length === 0) {
    console.log("  ✓ nothing wrong");
    return 0;
  }
  const shownMost = 10;
  for (const problem of problems.slice(0, shownMost)) console.error(`  ✗ ${problem}`);
  if (problems.length > shownMost) console.error(`  … and ${problems.length - shownMost} more`);
  console.error(`  histories: ${folder}`);
  return 1;
}
