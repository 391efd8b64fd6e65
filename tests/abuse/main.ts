// `npm run abuse`: every attack against a server process with defaults, with a hundred honest clients beside it. Server and
// honest clients have one core, the attackers another; each attack is aimed at a sink first, so that what the machine
// itself costs is known. Numbers compare within one run on an idle machine.

import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { attacks, type Attack } from "./attacks.ts";

interface Honest {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: readonly string[];
}

const { values } = parseArgs({
  options: {
    list: { type: "boolean", default: false },
    only: { type: "string" },
    seconds: { type: "string", default: "3" },
  },
});
/** The server's memory may grow by this during an attack. Bytes. */
const growthMax = 200 * 2 ** 20;
const ratioMax = 3;

if (values.list) {
  for (const { name, defence } of attacks) console.log(`${name.padEnd(24)}the server ${defence}`);
  process.exit(0);
}
const forMs = Number(values.seconds) * 1_000;
const chosen = attacks.filter(({ name }) => values.only === undefined || values.only.split(",").includes(name));
if (!(forMs >= 500) || chosen.length === 0) {
  console.error("usage: npm run abuse -- [--list] [--only NAME,…] [--seconds N]");
  process.exit(2);
}

let failures = 0;
/** Attacks of which nothing came back in their time: slow ones, or a machine that is too busy. */
let unseen = 0;
/** What an attack takes besides being carried out twice: three processes that start, and a moment of quiet. Seconds. */
const aroundSeconds = 5;
const expectedMinutes = (chosen.length * (2 * Number(values.seconds) + aroundSeconds)) / 60;
const startedAtMs = performance.now();
console.log(`${chosen.length} attacks, about ${Math.ceil(expectedMinutes)} minutes`);
console.log(
  `${"".padEnd(8)}${"attack".padEnd(24)}${"p99 sink".padStart(10)}${"p99".padStart(10)}${"ratio".padStart(7)}${"memory".padStart(9)}  seen`,
);
for (const [index, attack] of chosen.entries()) await measure(attack, `${index + 1}/${chosen.length}`);
if (unseen > 0) console.log(`${unseen} attacks had no outcome in ${values.seconds} s: give them more with --seconds`);
console.log(`in ${((performance.now() - startedAtMs) / 60_000).toFixed(1)} minutes`);
console.log(failures === 0 ? `${chosen.length} attacks withstood` : `${failures} of ${chosen.length} attacks did harm`);
process.exit(failures === 0 ? 0 : 1);

async function measure(attack: Attack, progress: string): Promise<void> {
  const [server, attacker] = [start("server-process.ts", 0), start("attacker-process.ts", 1)];
  const [{ port }, { port: sinkPort }] = await Promise.all([
    heard<{ port: number }>(server),
    heard<{ port: number }>(attacker),
  ]);
  const honest = start("honest-process.ts", 0, [String(port)]);
  await heard(honest);
  await wait(2_000);
  const rss = async (): Promise<number> => (await asked<{ rssBytes: number }>(server, {})).rssBytes;
  const under = async (target: number): Promise<{ honest: Honest; seen: [string, number][]; peak: number }> => {
    await asked(honest, {});
    const done = asked<{ seen: [string, number][] }>(attacker, { name: attack.name, port: target, forMs });
    let peak = 0;
    const state = { isOver: false };
    const watch = (async () => {
      while (!state.isOver) {
        peak = Math.max(peak, await rss());
        await wait(200);
      }
    })();
    const { seen } = await done;
    state.isOver = true;
    await watch;
    return { honest: await asked<Honest>(honest, {}), seen, peak };
  };
  try {
    const calm = await under(sinkPort);
    const hard = await under(port);
    const ratio = hard.honest.p99Ms / calm.honest.p99Ms;
    const growth = hard.peak - calm.peak;
    const isHarm =
      ratio > ratioMax ||
      growth > growthMax ||
      hard.honest.lost.length > calm.honest.lost.length ||
      hard.honest.count === 0;
    if (isHarm) failures++;
    if (hard.seen.length === 0) unseen++;
    const seen = hard.seen.sort(([, a], [, b]) => b - a).slice(0, 4);
    console.log(
      [
        progress.padEnd(8),
        attack.name.padEnd(24),
        `${calm.honest.p99Ms.toFixed(1)} ms`.padStart(10),
        `${hard.honest.p99Ms.toFixed(1)} ms`.padStart(10),
        ratio.toFixed(1).padStart(7),
        `+${Math.max(0, growth / 2 ** 20).toFixed(0)} MiB`.padStart(9),
        `  ${seen.map(([what, count]) => `${what} ×${count}`).join(", ")}`,
        hard.honest.lost.length > 0 ? `  honest clients lost: ${hard.honest.lost.slice(0, 3).join("; ")}` : "",
        isHarm ? "  HARM" : "",
      ].join(""),
    );
  } finally {
    for (const child of [honest, attacker, server]) child.kill("SIGKILL");
  }
}

/** A process on one core, where there is a way to say so. */
function start(file: string, core: number, args: readonly string[] = []): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const pinned = process.platform === "linux";
  return fork(path, args, {
    execPath: pinned ? "taskset" : process.execPath,
    execArgv: pinned ? ["-c", String(core), process.execPath, "--import", "tsx"] : ["--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

function heard<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a process ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message as T);
    });
  });
}

function asked<T>(child: ChildProcess, question: object): Promise<T> {
  const answer = heard<T>(child);
  child.send(question);
  return answer;
}
