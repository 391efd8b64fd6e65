// Runs seeds in a process of its own, as it is told, and reports each verdict. Plain JavaScript over the built packages:
// what runs here is what is published.
import { createHash, createHmac } from "node:crypto";
import { simulate } from "@heddle/testkit/simulation";

/** @type {import("@heddle/hub/ports").Digest} */
const digest = {
  sha256: (data) => createHash("sha256").update(data).digest(),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
};
const violationsShown = 5;

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
  try {
    const { violations, history, counts, strikes, parts } = await simulate(seed, digest, without);
    const shown = violations.slice(0, violationsShown).map(({ invariant, message }) => `${invariant}: ${message}`);
    if (trace) for (const event of history) console.log(JSON.stringify(event));
    process.send?.({ seed, counts, strikes, parts, violations: shown, violationCount: violations.length });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ seed, counts: {}, strikes: [], parts: [], violations: [`crash: ${text}`], violationCount: 1 });
  }
}
