// Runs seeds in a process of its own, as it is told, and reports each verdict. Plain JavaScript over the built packages:
// what runs here is what is published.
import { createHash, createHmac } from "node:crypto";
import { CrashableStore, diskEngineOn } from "@heddle/engine-disk/core";
import { simulate } from "@heddle/testkit/simulation";

/** @type {import("@heddle/hub/ports").Digest} */
const digest = {
  sha256: (data) => createHash("sha256").update(data).digest(),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
};
const violationsShown = 5;
/** Where writes are synced late: late enough that a crash finds some that are not. Milliseconds. */
const syncMs = 400;

/**
 * The engine for disks, over a store that loses what it has not synced.
 *
 * @type {import("@heddle/testkit/simulation").NewDisk}
 */
const newDisk = (sync) => {
  const store = new CrashableStore();
  return {
    engine: (node, pause) => {
      const open = async () => {
        const opened = await store.open();
        /** @type {typeof opened.write} */
        const write = async (changes, options) => {
          await pause();
          await opened.write(changes, options);
          await pause();
        };
        return { ...opened, write };
      };
      return diskEngineOn({ path: "simulated", open, node, sync, limits: { syncMs } });
    },
    kill: () => store.kill(),
    crash: (random) => store.crash(random),
  };
};

/** @typedef {Partial<import("@heddle/testkit/simulation").Without>} Without */

process.on("message", (/** @type {{ seed: number, trace: boolean, without: Without }} */ { seed, trace, without }) => {
  void run(seed, trace, without);
});
process.on("disconnect", () => process.exit());

/**
 * @param {number} seed
 * @param {boolean} trace
 * @param {Without} without
 */
async function run(seed, trace, without) {
  const before = process.cpuUsage();
  try {
    const { violations, history, counts, strikes, parts } = await simulate(seed, { digest, newDisk }, without);
    const shown = violations.slice(0, violationsShown).map(({ invariant, message }) => `${invariant}: ${message}`);
    if (trace) for (const event of history) console.log(JSON.stringify(event));
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1_000;
    process.send?.({ seed, counts, cpuMs, strikes, parts, violations: shown, violationCount: violations.length });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const violations = [`crash: ${text}`];
    process.send?.({ seed, counts: {}, cpuMs: 0, strikes: [], parts: [], violations, violationCount: 1 });
  }
}
