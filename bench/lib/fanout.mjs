// Fan-out to many subscribers: at a fixed rate and as fast as they take it, one publish per turn and ten.

import { Contender, contest } from "./contest.mjs";
import { costTable, setUps } from "./tables.mjs";

const fixedRate = 60_000;

/** A few turns on the way: the server never waits for the subscribers, and nobody's queue grows. */
const turnsAhead = 4;
const warmUpSecondsMax = 2;
/** What is still on its way at the end is waited for: who polls is late. Milliseconds, and how often. */
const lookMs = 250;
const looksMax = 40;

export const casesOf = (subscribers) => [
  { name: "one publish per turn, 60 000 deliveries/s", burst: 1, perSecond: fixedRate / subscribers },
  { name: "ten publishes per turn, 60 000 deliveries/s", burst: 10, perSecond: fixedRate / subscribers },
  { name: "one publish per turn, saturated", burst: 1, turnsAhead },
  { name: "ten publishes per turn, saturated", burst: 10, turnsAhead },
];

/** @param names  contenders, ours first: servers unless `start` knows better */
export async function runFanout(
  names,
  { rounds, seconds, log },
  {
    subscribers = 1_000,
    cases = casesOf(subscribers),
    warmUp = { burst: 1, turnsAhead },
    start = (name) => Contender.start(name, "subscribers", { count: subscribers }),
  } = {},
) {
  const results = await contest({
    names,
    start,
    cases,
    measure: (contender, load, { isWarmUp }) =>
      publishTo(
        contender,
        isWarmUp ? { ...warmUp, seconds: Math.min(warmUpSecondsMax, seconds) } : { ...load, seconds },
        subscribers,
      ),
    rounds,
    unit: "µs per delivery",
    log,
  });
  const tables = cases.map(({ name }) => costTable(name, "delivery", names[0], results));
  return { results, tables, notes: setUps(results) };
}

/** Has the server publish for as long as `load` says, and tells what a delivery cost. */
export async function publishTo(contender, load, subscribers) {
  const { server, driver } = contender;
  driver.on("seen", ({ deliveries }) => server.send({ is: "seen", publishes: deliveries / subscribers }));
  driver.send({ is: "reset", tellAfter: load.turnsAhead === undefined ? 0 : load.burst * subscribers });
  await driver.next("reset");
  return contender.cost(async () => {
    server.send({ is: "run", ...load });
    const { publishes, tookMs } = await server.next("done");
    const count = publishes * subscribers;
    let deliveries = 0;
    for (let look = 0; look < looksMax && deliveries < count; look++) {
      if (look > 0) await new Promise((resolve) => setTimeout(resolve, lookMs));
      driver.send({ is: "read" });
      ({ deliveries } = await driver.next("read"));
    }
    if (deliveries !== count) throw new Error(`${contender.name}: ${deliveries} of ${count} deliveries arrived`);
    return { count, tookMs };
  });
}
