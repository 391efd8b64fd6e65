// How much memory does a connection that says nothing hold in the server?

import { Contender } from "../lib/contest.mjs";
import { median, ratios, spread } from "../lib/stats.mjs";
import { range, ratioText, setUps } from "../lib/tables.mjs";

export const title =
  "memory of an idle connection: (RSS with 8 000 held for 10 s − RSS without) / 8 000, after a collection";
export const contenders = ["websocket", "heddle", "ws", "socketio", "uws"];

const count = 8_000;
const holdMs = 10_000;

export async function run(names, { rounds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const contender = await Contender.start(name, "idle", {}).catch((error) =>
        log(`${name}: not measured: ${error.message}`),
      );
      if (contender === undefined) continue;
      try {
        const before = await contender.rssBytes();
        contender.driver.send({ is: "hold", count });
        await contender.driver.next("held");
        await new Promise((resolve) => setTimeout(resolve, holdMs));
        const kib = ((await contender.rssBytes()) - before) / 1_024 / count;
        results.push({ round, server: name, setUp: contender.setUp, kib });
        log(`round ${round}/${rounds}, ${name}: ${kib.toFixed(2)} KiB`);
      } finally {
        await contender.end();
      }
    }
  }
  const of = (server) => results.filter((row) => row.server === server).map(({ kib }) => kib);
  const [ours] = names;
  const rows = [...new Set(results.map(({ server }) => server))].map((server) => [
    server,
    median(of(server)).toFixed(2),
    range(spread(of(server))),
    server === ours ? "" : ratioText(ratios(of(ours), of(server))),
  ]);
  const head = ["server", "KiB/connection", "least…most", `${ours}/it (least…most)`];
  return { results, tables: [{ title: "idle", head, rows }], notes: setUps(results) };
}
