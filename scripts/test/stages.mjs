// Runs one stage of the tests and counts. A stage without a single passed test has failed: silence proves nothing.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "../lib/files.mjs";
import { root, run, tool } from "../lib/run.mjs";

/**
 * @typedef {object} StageResult
 * @property {number} passed
 * @property {number} failed
 * @property {string} output what to read when something failed
 */

/** Vitest's configuration of each stage, in the order they run: from pure code to real browsers and packages. */
export const stageConfigs = {
  unit: "vitest.config.ts",
  simulation: "tests/simulation/vitest.config.ts",
  conformance: "tests/conformance/vitest.config.ts",
  redis: "tests/redis/vitest.config.ts",
  cluster: "tests/redis/cluster.config.ts",
  interop: "tests/interop/vitest.config.ts",
  faults: "tests/faults/vitest.config.ts",
  deploy: "tests/deploy/vitest.config.ts",
  e2e: "tests/e2e/vitest.config.ts",
  packaging: "tests/packaging/vitest.config.ts",
  runtimes: "tests/runtimes/vitest.config.ts",
};

/** @returns {Promise<StageResult>} one count for each part of the check */
export async function runCheck() {
  const { code, output } = await run(process.execPath, ["--import", "tsx", "scripts/check.ts"]);
  return countCheck(code, output);
}

/**
 * @param {string} name
 * @param {string} config path of vitest's configuration, relative to the root
 * @returns {Promise<StageResult>}
 */
export async function runVitest(name, config) {
  const report = join(root, ".setup", "results", `${name}.json`);
  mkdirSync(join(root, ".setup", "results"), { recursive: true });
  rmSync(report, { force: true });
  const { code, output } = await tool("vitest/vitest.mjs", [
    "run",
    "--config",
    config,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  return countVitest(code, output, readIfThere(report));
}

/**
 * @param {number} code exit code of the check
 * @param {string} output ends with `N passed, N failed`
 * @returns {StageResult}
 */
export function countCheck(code, output) {
  const [, passed = 0, failed = 0] = (/^(\d+) passed, (\d+) failed$/m.exec(output) ?? []).map(Number);
  return { passed, failed: atLeastOne(code !== 0 || passed === 0, failed), output };
}

/**
 * @param {number} code exit code of vitest
 * @param {string} output
 * @param {string | undefined} report vitest's JSON report
 * @returns {StageResult} tests left out count as failed
 */
export function countVitest(code, output, report) {
  if (report === undefined) return { passed: 0, failed: 1, output };
  const counts =
    /** @type {Record<"numPassedTests" | "numFailedTests" | "numPendingTests" | "numTodoTests", number>} */ (
      JSON.parse(report)
    );
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = counts;
  const leftOut = numPendingTests + numTodoTests;
  const said = leftOut > 0 ? `${output}\n${leftOut} tests were left out, which counts as failed` : output;
  const isBad = code !== 0 || numPassedTests === 0;
  return { passed: numPassedTests, failed: atLeastOne(isBad, numFailedTests + leftOut), output: said };
}

/**
 * @param {boolean} isBad
 * @param {number} failed
 */
function atLeastOne(isBad, failed) {
  return isBad ? Math.max(1, failed) : failed;
}
