// What do clients cost a node that hold a poll each and hear nothing? Beside as many on WebSockets.

import { startHttp } from "../lib/http-contender.mjs";
import { medianRows, setUps } from "../lib/tables.mjs";

const count = Number(process.env["HEDDLE_BENCH_CLIENTS"] ?? 10_000);
/** Longer than a poll is held, so that each is asked again. Milliseconds. */
const holdMs = 30_000;

export const title = `${count} subscribers that hear nothing for ${holdMs / 1_000} s, on one node: memory (RSS after a collection) and CPU`;
export const contenders = ["poll", "stream", "websocket"];

export async function run(names, { rounds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const figures = await measure(name);
      results.push({ round, server: name, ...figures });
      log(`round ${round}/${rounds}, ${name}: ${figures.kib.toFixed(1)} KiB each, ${figures.cpu.toFixed(1)} % CPU`);
    }
  }
  const of = (server) => results.filter((row) => row.server === server);
  const rows = medianRows(names, of, [
    ["kib", 2],
    ["mib", 0],
    ["cpu", 1],
  ]);
  const head = ["transport", "KiB/client", "least…most", "MiB in all", "CPU, % of a core"];
  return { results, tables: [{ title: "idle", head, rows }], notes: setUps(of(names[0])) };
}

async function measure(name) {
  const empty = await startHttp(name, 1);
  const beforeBytes = await empty.rssBytes().finally(() => empty.end());
  const contender = await startHttp(name, count);
  try {
    const { serverCpu } = await contender.cost(async () => {
      await new Promise((resolve) => setTimeout(resolve, holdMs));
      return { count: 1, tookMs: holdMs };
    });
    const bytes = await contender.rssBytes();
    return {
      setUp: contender.setUp,
      kib: (bytes - beforeBytes) / 1_024 / count,
      mib: bytes / 2 ** 20,
      cpu: 100 * serverCpu,
    };
  } finally {
    await contender.end();
  }
}
