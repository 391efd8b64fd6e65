// Runs a scenario: ours and the peers alternately, in one call. Installs the peers on first use.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { linesOf } from "./lib/tables.mjs";

const here = new URL("./", import.meta.url);
const scenarios = readdirSync(new URL("scenarios/", here)).map((file) => file.replace(/\.mjs$/, ""));
const usage = `usage: npm run bench -- SCENARIO [--rounds N] [--seconds S] [--only a,b] [--json FILE]

scenarios: ${scenarios.join(", ")}
  --rounds N    rounds, ours and every peer in each; default 3, 1 to 20
  --seconds S   length of one measurement; default 4, 1 to 60
  --only a,b    these servers alone
  --json FILE   write every figure there`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    only: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [name] = positionals;
if (values.help || !scenarios.includes(name)) {
  console.log(name === undefined || values.help ? usage : `no scenario "${name}"\n\n${usage}`);
  process.exit(values.help ? 0 : 2);
}
const rounds = wholeNumber("rounds", values.rounds, 1, 20);
const seconds = wholeNumber("seconds", values.seconds, 1, 60);

process.on("SIGINT", () => process.exit(130)); // the children see their channel end, and end too

installPeers();
const scenario = await import(`./scenarios/${name}.mjs`);
console.log(
  `${scenario.title}\nNode ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(2)} before; figures are medians of ${rounds} rounds, only ratios count\n`,
);
const names = scenario.contenders.filter((server) => values.only?.split(",").includes(server) ?? true);
if (names.length === 0) {
  console.error(`--only: ${values.only} given, some of ${scenario.contenders.join(", ")} wanted`);
  process.exit(2);
}
const outcome = await scenario.run(names, { rounds, seconds, log: (text) => console.error(text) });
for (const table of outcome.tables) console.log(`\n${linesOf(table).join("\n")}`);
for (const note of outcome.notes) console.log(`\n${note}`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ scenario: name, rounds, seconds, ...outcome }, null, 2)}\n`);

function wholeNumber(option, text, least, most) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  console.error(`--${option}: ${text} given, a whole number from ${least} to ${most} wanted`);
  process.exit(2);
}

/** Peers have a lock file of their own; a stamp says which one is installed. */
function installPeers() {
  const lock = createHash("sha256")
    .update(readFileSync(new URL("package-lock.json", here)))
    .digest("hex");
  const stamp = new URL("node_modules/.heddle-stamp", here);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.log("installing the peers …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: here, stdio: "inherit" });
  writeFileSync(stamp, lock);
}
