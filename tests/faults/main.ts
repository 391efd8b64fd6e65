// `npm run faults`: real processes under faults, judged by the simulation's checker. Fails on a violation, below the
// floors, and when a program ends by itself.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { engineNames as engines } from "./support/engines.ts";
import { judge } from "./support/judge.ts";
import type { Counts } from "./support/notes.ts";
import { runFaults } from "./support/run.ts";
import { runMillion, type FeedResult } from "./support/feed/million.ts";
import { runOutage } from "./support/feed/outage.ts";
import { sets } from "./support/sets.ts";

const usage = `usage: npm run faults -- [--engine ${engines.join("|")}] [--set ${Object.keys(sets).join("|")}] [--seed S] [--keep DIR]
       npm run faults -- --set million|outage [--seed S]
       npm run faults -- --judge DIR

  --engine NAME  where the server keeps its channels; default each, at the same time
  --set NAME     ${Object.entries(sets)
    .map(([name, { rounds, workMs }]) => `${name}: ${rounds} × ${workMs / 1_000} s of work for each engine`)
    .join("; ")}; default smoke
                 million: 1 000 000 deliveries from two nodes on one Redis, which are killed all the time
                 outage: that Redis is away for 30 s, and comes back as it was, then empty
  --seed S       of the first round, 1 to 4294967295; random if absent. Times are real, so a seed repeats what is
                 tried and not what happens
  --keep DIR     keep all histories there; without it only those in which something is wrong
  --judge DIR    judge the histories of an earlier run again`;

/** What a shell says of a program these signals ended. */
const interruptCodes = { SIGINT: 130, SIGTERM: 143 };

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
const outage = { seed, awayMs: 30_000 };
/** Runs that count instead of writing histories. */
const campaigns: Readonly<Record<"million" | "outage", readonly (() => Promise<FeedResult>)[]>> = {
  million: [() => runMillion({ seed, deliveryCount: 1_000_000, readersEach: 25, killEvery: 20_000, told: progress })],
  outage: [() => runOutage({ ...outage, keepData: true }), () => runOutage({ ...outage, keepData: false })],
};

if (values.help) console.log(usage);
else if (values.judge !== undefined) process.exitCode = tell(judgeAgain(values.judge));
else if (values.set in campaigns) await runCampaign(values.set as keyof typeof campaigns);
else if (set === undefined || chosen.length === 0 || !(Number.isInteger(seed) && seed >= 1 && seed < 2 ** 32)) {
  console.error(usage);
  process.exitCode = 2;
} else await runAll(set);

async function runCampaign(name: keyof typeof campaigns): Promise<void> {
  for (const run of campaigns[name]) {
    console.log(`\n▸ ${name}, seed ${seed}`);
    process.exitCode = Math.max(Number(process.exitCode ?? 0), tell(await run()));
  }
}

async function runAll({ rounds, ...times }: (typeof sets)[string]): Promise<void> {
  const interrupt = new AbortController();
  let interruptedCode = 0;
  for (const [signal, code] of Object.entries(interruptCodes)) {
    process.on(signal, () => {
      console.error("\ninterrupted: ending what was started");
      interruptedCode = code;
      interrupt.abort(new Error("interrupted"));
    });
  }
  const { signal } = interrupt;
  const progress = (text: string): void => console.log(`  … ${text}`);
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const roundSeed = seed + round;
    console.log(`\n▸ ${chosen.join(" and ")}, seed ${roundSeed}: ${times.workMs / 1_000} s of work`);
    const runs = chosen.map((engine) =>
      runFaults({ ...times, engine, seed: roundSeed, keep: values.keep, signal, progress }),
    );
    for (const [index, result] of (await Promise.all(runs)).entries()) {
      const engine = chosen[index] ?? "";
      if (signal.aborted) break;
      console.log(`\n  ${engine}, seed ${roundSeed}`);
      const code = tell(result);
      if (code !== 0)
        console.error(`  again: npm run faults -- --engine ${engine} --set ${values.set} --seed ${roundSeed}`);
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    }
  }
  if (interrupt.signal.aborted) process.exitCode = interruptedCode;
}

function progress({ delivered, "nodes killed": killed }: Counts): void {
  console.log(`  ${delivered} delivered, ${killed} nodes killed`);
}

function judgeAgain(folder: string): Parameters<typeof tell>[0] {
  return { ...judge(folder), folder };
}

/** @returns the exit code */
function tell({ problems, counts, folder }: { problems: readonly string[]; counts: Counts; folder?: string }): number {
  for (const name of Object.keys(counts).sort())
    console.log(`  ${name.padEnd(40)} ${String(counts[name]).padStart(8)}`);
  if (problems.length === 0) {
    console.log("  ✓ nothing wrong");
    return 0;
  }
  const shownMost = 10;
  for (const problem of problems.slice(0, shownMost)) console.error(`  ✗ ${problem}`);
  if (problems.length > shownMost) console.error(`  … and ${problems.length - shownMost} more`);
  if (folder !== undefined) console.error(`  histories: ${folder}`);
  return 1;
}
