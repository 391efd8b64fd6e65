// `npm run fuzz`: new seeds for as long as asked, until one finds something.

import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "@heddle/base/system";
import { settle } from "../../packages/websocket/src/testing/fake-socket.ts";
import { fuzzSeed, type Failure, type Tally } from "../../packages/websocket/src/testing/fuzz/target.ts";
import { targets as engineTargets } from "../../packages/websocket/src/testing/fuzz/targets.ts";
import { targets as parserTargets } from "./targets.ts";

const targets = [...engineTargets, ...parserTargets];

const names = [...targets.map(({ name }) => name), "all"];
const usage = `usage: npm run fuzz -- [--target ${names.join("|")}] [--seconds N | --minutes N | --runs N] [--seed S]

  --target T   what is fuzzed; default all
  --seconds N  for how long, 1 to 6000000
  --minutes N  the same in minutes, 0.01 to 100000; default 1
  --runs N     how many seeds instead, 1 to 1000000000
  --seed S     the first seed, 0 to 4294967295; random if absent. Seeds S, S+1, … are run

Ends with 0 when nothing was found, 1 with the seed that repeats a finding and the smallest input that shows it,
2 for a wrong option, 130 when interrupted.`;

const clock = systemClock();
const progressEveryMs = 5_000;
/** How long the event loop may wait for us, and Ctrl-C with it. */
const breatheEveryMs = 50;

await main();

async function main(): Promise<void> {
  const asked = readOptions();
  if (asked === undefined) return;
  const { chosen, name, first, runs, minutes } = asked;
  const startMs = clock.monotonicMs();
  const endMs = runs === undefined ? startMs + minutes * 60_000 : Infinity;
  const tally: Tally = new Map();
  let done = 0;
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  console.log(`${name} from seed ${first}, ${runs === undefined ? `${minutes} minutes` : `${runs} seeds`}`);

  let failure: Failure | undefined;
  let progressMs = startMs;
  let breatheMs = startMs;
  while (failure === undefined && !interrupted.signal.aborted && done < (runs ?? Infinity)) {
    failure = await fuzzSeed(chosen, (first + done++) >>> 0, tally);
    const nowMs = clock.monotonicMs();
    if (nowMs >= endMs) break;
    if (nowMs >= progressMs + progressEveryMs) {
      progressMs = nowMs;
      console.error(`${done} seeds in ${((nowMs - startMs) / 1_000).toFixed(0)} s`);
    }
    if (nowMs < breatheMs + breatheEveryMs) continue;
    breatheMs = nowMs;
    await settle();
  }
  for (const outcome of [...tally.keys()].sort()) {
    console.log(`${String(tally.get(outcome)).padStart(10)}  ${outcome}`);
  }
  const took = ((clock.monotonicMs() - startMs) / 1_000).toFixed(1);
  console.log(`${done} seeds in ${took} s, ${failure === undefined ? "nothing found" : "one finding"}`);
  if (failure !== undefined) await tell(failure);
  else if (interrupted.signal.aborted) console.error(`interrupted; goes on with --seed ${(first + done) >>> 0}`);
  process.exitCode = failure !== undefined ? 1 : interrupted.signal.aborted ? 130 : 0;
}

async function tell(failure: Failure): Promise<void> {
  const { target, seed, setting, flaw, input } = failure;
  console.error(`\n${target}, seed ${seed} ${setting}\n${flaw}`);
  console.error(`again: npm run fuzz -- --target ${target} --runs 1 --seed ${seed}`);
  const smallest = Buffer.from(await failure.smallest());
  console.error(`input of ${input.length} bytes; ${smallest.length} of them are enough:`);
  console.error(`  hex   ${smallest.toString("hex")}`);
  console.error(`  text  ${JSON.stringify(smallest.toString("latin1"))}`);
}

/** What was asked for; undefined when that was help, or something there is not. */
function readOptions() {
  const complain = (text: string): undefined => {
    console.error(`${text}\n\n${usage}`);
    process.exitCode = 2;
  };
  try {
    const { values } = parseArgs({
      options: {
        target: { type: "string", default: "all" },
        seconds: { type: "string" },
        minutes: { type: "string" },
        runs: { type: "string" },
        seed: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return void console.log(usage);
    const chosen = targets.filter(({ name }) => values.target === "all" || values.target === name);
    if (chosen.length === 0) return complain(`--target: ${values.target} given, one of ${names.join(", ")} wanted`);
    if ([values.seconds, values.minutes, values.runs].filter((value) => value !== undefined).length > 1)
      return complain("one of --seconds, --minutes and --runs, not several");
    const minutes =
      values.seconds === undefined
        ? numberOf("minutes", values.minutes ?? "1", 0.01, 100_000)
        : numberOf("seconds", values.seconds, 1, 6_000_000) / 60;
    const runs = values.runs === undefined ? undefined : wholeOf("runs", values.runs, 1, 1_000_000_000);
    const first = values.seed === undefined ? systemRandom().u32() : wholeOf("seed", values.seed, 0, 2 ** 32 - 1);
    return { chosen, name: values.target, first, runs, minutes };
  } catch (thrown) {
    return complain(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most)) {
    throw new Error(`--${name}: ${text} given, a number from ${least} to ${most} wanted`);
  }
  return value;
}

function wholeOf(name: string, text: string, least: number, most: number): number {
  const value = numberOf(name, text, least, most);
  if (!Number.isInteger(value)) throw new Error(`--${name}: ${text} given, a whole number wanted`);
  return value;
}
