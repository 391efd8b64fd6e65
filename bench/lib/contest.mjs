// Servers under test, each in a process of its own with a driver in another, measured in turns.

import { fileURLToPath } from "node:url";
import { Child } from "./child.mjs";
import { busyShare, machineTicks } from "./machine.mjs";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** One server and its driver. */
export class Contender {
  name;
  server;
  driver;
  setUp;

  /**
   * @param driver  name of a file in drivers/; `driverArgs` and what the server said are given to it
   * @param server  name of a file in servers/, where it is not the contender's
   */
  static async start(name, driver, driverArgs, server = name) {
    const contender = new Contender();
    contender.name = name;
    contender.server = new Child(here(`servers/${server}.mjs`));
    try {
      const ready = await contender.server.next("ready");
      contender.setUp = ready.setUp;
      contender.driver = new Child(here(`drivers/${driver}.mjs`), [JSON.stringify({ ...ready, ...driverArgs })]);
      await contender.driver.next("connected");
      return contender;
    } catch (error) {
      await contender.end();
      throw error;
    }
  }

  /**
   * What `work` costs the server.
   *
   * @param work  resolves to how many messages it was and, where they were paced or counted, in which time
   */
  async cost(work) {
    const before = await this.#meters();
    const startMs = performance.now();
    const { count, tookMs } = await work(this);
    const after = await this.#meters();
    const wallMs = performance.now() - startMs;
    const userUs = after.server.userUs - before.server.userUs;
    const systemUs = after.server.systemUs - before.server.systemUs;
    const driverUs = after.driver.userUs + after.driver.systemUs - before.driver.userUs - before.driver.systemUs;
    return {
      costUs: (userUs + systemUs) / count,
      userUs: userUs / count,
      systemUs: systemUs / count,
      perSecond: (1_000 * count) / tookMs,
      serverCpu: (userUs + systemUs) / 1_000 / wallMs,
      driverCpu: driverUs / 1_000 / wallMs,
      machineBusy: busyShare(before.ticks, after.ticks),
    };
  }

  /** Memory of the server after a collection. Bytes. */
  async rssBytes() {
    this.server.send({ is: "meter", collect: true });
    return (await this.server.next("meter")).rssBytes;
  }

  async end() {
    await Promise.all([this.driver?.end(), this.server.end()]);
  }

  async #meters() {
    const ticks = machineTicks();
    this.server.send({ is: "meter" });
    this.driver.send({ is: "meter" });
    return { ticks, server: await this.server.next("meter"), driver: await this.driver.next("meter") };
  }
}

/**
 * All contenders are up from beginning to end and take turns case by case, so that what is compared is measured within
 * seconds of each other on a machine whose speed may change by the minute.
 *
 * @param names    contenders; a peer that does not start is named in the log and left out; ours, the first, must
 * @param start    starts the contender of that name
 * @param measure  `(contender, case)` to the figures of one measurement; must hold `costUs`
 * @returns every measurement, with round, server, case and the server's set-up in words
 */
export async function contest({ names, start, cases, measure, rounds, unit, log }) {
  const contenders = [];
  const results = [];
  try {
    for (const name of names) {
      const contender = await start(name).catch((error) => {
        if (name === names[0]) throw error;
        log(`${name}: not measured: ${error.message}`);
      });
      if (contender !== undefined) contenders.push(contender);
    }
    for (const contender of contenders) await measure(contender, cases[0], { isWarmUp: true });
    for (let round = 1; round <= rounds; round++) {
      for (const one of cases) {
        const costs = [];
        for (const contender of contenders) {
          const outcome = await measure(contender, one, { isWarmUp: false });
          results.push({ round, server: contender.name, case: one.name, setUp: contender.setUp, ...outcome });
          costs.push(`${contender.name} ${outcome.costUs.toFixed(2)}`);
        }
        log(`round ${round}/${rounds}, ${one.name}: ${costs.join(", ")} ${unit}`);
      }
    }
    return results;
  } finally {
    for (const contender of contenders) await contender.end();
  }
}
