// A load that a driver makes by itself until it is told to stop: how much of it a server takes, and what that costs.

import { Contender, contest } from "./contest.mjs";
import { costTable, setUps } from "./tables.mjs";

/**
 * @param names  servers, ours first
 * @param load   name of a file in drivers/, what it is given, and what one piece of its work is called
 */
export async function runDriven(names, { rounds, seconds, log }, { driver, driverArgs, unit }) {
  const results = await contest({
    names,
    start: (name) => Contender.start(name, driver, driverArgs),
    cases: [{ name: unit }],
    measure: (contender) => contender.cost((both) => drive(both, seconds)),
    rounds,
    unit: `µs per ${unit}`,
    log,
  });
  return { results, tables: [costTable(unit, unit, names[0], results)], notes: setUps(results) };
}

/** Lets the driver of a contender work for so long; how much it did, and in which time. */
export async function drive({ driver }, seconds) {
  driver.send({ is: "drive", seconds });
  return await driver.next("driven");
}
