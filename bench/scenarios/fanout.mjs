// What does a delivery cost the server? 1 000 subscribers, 64-byte messages, one publish per turn and ten.

import { fileURLToPath } from "node:url";
import { Child } from "../lib/child.mjs";
import { busyShare, machineTicks } from "../lib/machine.mjs";
import { median, ratios, spread } from "../lib/stats.mjs";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const subscribers = 1_000;
const contenders = ["heddle", "ws", "socketio", "uws"];
const cases = [
  { name: "one publish per turn", burst: 1, deliveriesPerSecond: 60_000 },
  { name: "ten publishes per turn", burst: 10, deliveriesPerSecond: 300_000 },
];

export const title = "fan-out to 1 000 subscribers, 64-byte messages";

/** @returns rows for printing and for `--json` */
export async function run({ rounds, seconds, only, log }) {
  const chosen = contenders.filter((name) => only === undefined || only.includes(name));
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const name of chosen) {
      for (const outcome of await measure(name, seconds, (text) => log(`round ${round}/${rounds} ${name}: ${text}`))) {
        results.push({ round, server: name, ...outcome });
      }
    }
  }
  return { results, table: cases.map(({ name }) => tableOf(name, chosen, results)) };
}

async function measure(name, seconds, log) {
  const server = new Child(here(`servers/${name}.mjs`));
  let driver;
  try {
    const ready = await server.next("ready");
    driver = new Child(here("driver.mjs"), [JSON.stringify({ ...ready, count: subscribers })]);
    await driver.next("connected");
    const outcomes = [];
    await runCase(server, driver, { burst: 1, deliveriesPerSecond: 30_000 }, 1); // warms both sides up
    for (const scenario of cases) {
      const outcome = await runCase(server, driver, scenario, seconds);
      log(`${scenario.name}: ${outcome.usPerDelivery.toFixed(2)} µs per delivery`);
      outcomes.push({ case: scenario.name, setUp: ready.setUp, ...outcome });
    }
    return outcomes;
  } catch (error) {
    log(`not measured: ${error.message}`);
    return [];
  } finally {
    await driver?.end();
    await server.end();
  }
}

async function runCase(server, driver, { burst, deliveriesPerSecond }, seconds) {
  driver.send({ is: "reset" });
  await driver.next("reset");
  const before = machineTicks();
  const startMs = performance.now();
  server.send({ burst, perSecond: deliveriesPerSecond / subscribers, seconds });
  const done = await server.next("done");
  const tookMs = performance.now() - startMs;
  driver.send({ is: "read" });
  const read = await driver.next("read");
  const expected = done.publishes * subscribers;
  if (read.deliveries !== expected) throw new Error(`${read.deliveries} of ${expected} deliveries arrived`);
  return {
    usPerDelivery: (done.userUs + done.systemUs) / expected,
    userUs: done.userUs / expected,
    systemUs: done.systemUs / expected,
    driverCpu: read.cpuUs / 1_000 / tookMs,
    machineBusy: busyShare(before, machineTicks()),
    rssBytes: done.rssBytes,
  };
}

function tableOf(caseName, chosen, results) {
  const of = (server, field) =>
    results.filter((row) => row.server === server && row.case === caseName).map((row) => row[field]);
  const ours = of("heddle", "usPerDelivery");
  const rows = chosen.flatMap((server) => {
    const values = of(server, "usPerDelivery");
    if (values.length === 0) return [];
    const comparable = server !== "heddle" && values.length === ours.length && ours.length > 0;
    return [
      {
        server,
        setUp: results.find((row) => row.server === server).setUp,
        usPerDelivery: median(values),
        user: median(of(server, "userUs")),
        system: median(of(server, "systemUs")),
        spread: spread(values),
        driverCpu: median(of(server, "driverCpu")),
        machineBusy: median(of(server, "machineBusy").filter((share) => share !== undefined)),
        heddleRatio: comparable ? ratios(ours, values) : undefined,
      },
    ];
  });
  return { case: caseName, rows };
}
