// Fan-out to many subscribers: every server under test in a process of its own, its subscribers in another, in turns.

import { fileURLToPath } from "node:url";
import { Child } from "./child.mjs";
import { busyShare, machineTicks } from "./machine.mjs";
import { median, ratios, spread } from "./stats.mjs";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const subscribers = 1_000;
const fixedRate = 60_000;

const cases = [
  { name: "one publish per turn, 60 000 deliveries/s", burst: 1, perSecond: fixedRate / subscribers },
  { name: "ten publishes per turn, 60 000 deliveries/s", burst: 10, perSecond: fixedRate / subscribers },
  // A few turns on the way: the server never waits for the subscribers, and nobody's queue grows.
  { name: "one publish per turn, saturated", burst: 1, turnsAhead: 4 },
  { name: "ten publishes per turn, saturated", burst: 10, turnsAhead: 4 },
];
const warmUp = { burst: 1, turnsAhead: 4, seconds: 2 };

/**
 * All servers are up with their subscribers from beginning to end, and take turns case by case, so that what is compared
 * is measured within seconds of each other on a machine whose speed may change by the minute.
 *
 * @param contenders  names of files in servers/; the first is ours, its ratios to the others are printed
 * @returns `results`, every measurement, and `tables`, one per case, for printing
 */
export async function runFanout(contenders, { rounds, seconds, only, log }) {
  const [ours] = contenders;
  const chosen = contenders.filter((name) => only === undefined || only.includes(name));
  const results = [];
  const setUps = [];
  try {
    for (const name of chosen) {
      const setUp = await start(name).catch((error) => log(`${name}: not measured: ${error.message}`));
      if (setUp !== undefined) setUps.push(setUp);
    }
    for (const setUp of setUps) await runCase(setUp, warmUp);
    for (let round = 1; round <= rounds; round++) {
      for (const { name, ...load } of cases) {
        const costs = [];
        for (const setUp of setUps) {
          const outcome = await runCase(setUp, { ...load, seconds });
          results.push({ round, server: setUp.name, case: name, setUp: setUp.words, ...outcome });
          costs.push(`${setUp.name} ${outcome.usPerDelivery.toFixed(2)}`);
        }
        log(`round ${round}/${rounds}, ${name}: ${costs.join(", ")} µs per delivery`);
      }
    }
  } finally {
    for (const { server, driver } of setUps) await Promise.all([driver.end(), server.end()]);
  }
  return { ours, results, tables: cases.map(({ name }) => tableOf(name, ours, chosen, results)) };
}

async function start(name) {
  const server = new Child(here(`servers/${name}.mjs`));
  let driver;
  try {
    const ready = await server.next("ready");
    driver = new Child(here("driver.mjs"), [JSON.stringify({ ...ready, count: subscribers })]);
    driver.on("seen", ({ deliveries }) => server.send({ is: "seen", publishes: deliveries / subscribers }));
    await driver.next("connected");
    return { name, words: ready.setUp, server, driver };
  } catch (error) {
    await Promise.all([driver?.end(), server.end()]);
    throw error;
  }
}

async function runCase({ server, driver }, load) {
  driver.send({ is: "reset", tellAfter: load.turnsAhead === undefined ? 0 : load.burst * subscribers });
  await driver.next("reset");
  const before = machineTicks();
  const startMs = performance.now();
  server.send({ is: "run", ...load });
  const done = await server.next("done");
  driver.send({ is: "read" });
  const read = await driver.next("read");
  const tookMs = performance.now() - startMs;
  const expected = done.publishes * subscribers;
  if (read.deliveries !== expected) throw new Error(`${read.deliveries} of ${expected} deliveries arrived`);
  return {
    usPerDelivery: (done.userUs + done.systemUs) / expected,
    userUs: done.userUs / expected,
    systemUs: done.systemUs / expected,
    deliveriesPerSecond: (1_000 * expected) / done.tookMs,
    serverCpu: (done.userUs + done.systemUs) / 1_000 / tookMs,
    driverCpu: read.cpuUs / 1_000 / tookMs,
    machineBusy: busyShare(before, machineTicks()),
    rssBytes: done.rssBytes,
  };
}

function tableOf(caseName, ours, chosen, results) {
  const of = (server, field) =>
    results.filter((row) => row.server === server && row.case === caseName).map((row) => row[field]);
  const cost = (server) => of(server, "usPerDelivery");
  const rows = chosen.flatMap((server) => {
    const values = cost(server);
    if (values.length === 0) return [];
    const isComparable = server !== ours && values.length === cost(ours).length;
    const busy = of(server, "machineBusy").filter((share) => share !== undefined);
    return [
      {
        server,
        setUp: results.find((row) => row.server === server).setUp,
        usPerDelivery: median(values),
        user: median(of(server, "userUs")),
        system: median(of(server, "systemUs")),
        spread: spread(values),
        deliveriesPerSecond: median(of(server, "deliveriesPerSecond")),
        driverCpu: median(of(server, "driverCpu")),
        machineBusy: busy.length === 0 ? undefined : median(busy),
        oursToIt: isComparable ? ratios(cost(ours), values) : undefined,
      },
    ];
  });
  return { case: caseName, rows };
}
