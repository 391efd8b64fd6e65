// Do readers that have stopped cost the others time, or the server more memory than they may?

import { Contender } from "../lib/contest.mjs";
import { median, ratios } from "../lib/stats.mjs";
import { ratioText } from "../lib/tables.mjs";

export const title =
  "50 channels × 20 subscribers, 5 000 publishes/s, 100 000 deliveries/s: nobody stalled and 100 of 1 000, alternately";
export const contenders = ["heddle-rooms"];

const count = 1_000;
const stalledCount = 100;
const publishesPerSecond = 5_000;
/** Those who were stalled have caught up by then. Milliseconds. */
const recoverMs = 3_000;

export async function run([name], { rounds, seconds, log }) {
  const contender = await Contender.start(name, "stalled-readers", { count, stalledCount });
  const results = [];
  try {
    await measure(contender, 0, seconds);
    for (let round = 1; round <= rounds; round++) {
      for (const stalled of [0, stalledCount]) {
        const outcome = await measure(contender, stalled, seconds);
        results.push({ round, stalled, ...outcome });
        log(
          `round ${round}/${rounds}, ${stalled} stalled: p50 ${outcome.p50Ms.toFixed(1)} ms, p99 ${outcome.p99Ms.toFixed(1)} ms, ` +
            `RSS ${outcome.rssMiB.toFixed(0)} MiB, turned lagging ${outcome.laggings}, server CPU ${outcome.serverCpu.toFixed(2)}`,
        );
      }
    }
  } finally {
    await contender.end();
  }
  return { results, tables: [tableOf(results)], notes: [`${name}: ${contender.setUp}`] };
}

async function measure({ server, driver, ...contender }, stalled, seconds) {
  const laggingsBefore = (await ask(server, "state")).laggings;
  if (stalled > 0) driver.send({ is: "stall" });
  driver.send({ is: "reset" });
  const before = await ask(server, "meter");
  server.send({ is: "run", burst: 5, perSecond: publishesPerSecond, seconds });
  const { publishes, tookMs } = await server.next("done");
  const after = await ask(server, "meter");
  const { deliveries, latenciesMs } = await ask(driver, "read");
  const rss = await ask(server, "meter", { collect: true });
  const { laggings } = await ask(server, "state");
  driver.send({ is: "go on" });
  await new Promise((resolve) => setTimeout(resolve, recoverMs));
  const wanted = (publishes * (count - stalledCount)) / 50; // every channel has as many of each
  if (deliveries !== wanted) throw new Error(`${contender.name}: ${deliveries} of ${wanted} deliveries arrived`);
  latenciesMs.sort((a, b) => a - b);
  const at = (share) => latenciesMs[Math.floor(latenciesMs.length * share)];
  const cpuUs = after.userUs + after.systemUs - before.userUs - before.systemUs;
  return {
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), rssMiB: rss.rssBytes / 2 ** 20, laggings: laggings - laggingsBefore },
    ...{ perSecond: (1_000 * publishes) / tookMs, serverCpu: cpuUs / 1_000 / tookMs },
  };
}

function ask(child, is, more = {}) {
  child.send({ is, ...more });
  return child.next(is);
}

function tableOf(results) {
  const of = (stalled, field) => results.filter((row) => row.stalled === stalled).map((row) => row[field]);
  const rows = [0, stalledCount].map((stalled) => [
    String(stalled),
    ...["p50Ms", "p99Ms", "rssMiB", "laggings", "serverCpu"].map((field) => median(of(stalled, field)).toFixed(2)),
    stalled === 0 ? "" : ratioText(ratios(of(stalled, "p99Ms"), of(0, "p99Ms"))),
  ]);
  const head = ["stalled", "p50 ms", "p99 ms", "RSS MiB", "turned lagging", "server CPU", "p99 with/without"];
  return { title: "delivery to those who read", head, rows };
}
