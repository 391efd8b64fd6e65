// `npm test`: sets up, then runs every stage and stops at the first that fails. The last line sums up.
//
//   npm test                       everything but Redis Cluster, Sentinel, the load balancers and other run-times
//   npm run test:unit              one stage; several by `node scripts/test.mjs unit e2e`
import { fail, Plain, seconds } from "./lib/output.mjs";
import { setup } from "./setup.mjs";
import { setupSystem } from "./setup/system.mjs";
import { runCheck, runVitest, stageConfigs } from "./test/stages.mjs";

/** @type {Record<string, () => Promise<import("./test/stages.mjs").StageResult>>} */
const stages = {
  check: runCheck,
  ...Object.fromEntries(Object.entries(stageConfigs).map(([name, config]) => [name, () => runVitest(name, config)])),
};

/** Stages that take minutes or downloads more, and run when they are named. */
const byNameAlone = new Set(["cluster", "deploy", "runtimes"]);

/** @param {readonly string[]} asked names of stages; empty means all but those that have to be named */
async function main(asked) {
  const unknown = asked.find((name) => !(name in stages));
  if (unknown !== undefined)
    throw new Plain(`There is no stage "${unknown}"; the stages are ${Object.keys(stages).join(", ")}.`);
  const chosen = asked.length > 0 ? asked : Object.keys(stages).filter((name) => !byNameAlone.has(name));
  const startedAtMs = performance.now();
  console.log(`▸ setup`);
  if (["e2e", "interop", "redis", "cluster", "deploy", "runtimes"].some((name) => chosen.includes(name)))
    await setupSystem({ mayInstall: process.env["CI"] === "true" });
  // The check compiles everything itself and reports it better.
  await setup({ installOnly: chosen.every((name) => name === "check" || name === "unit") });

  const sum = { passed: 0, failed: 0 };
  for (const name of chosen) {
    console.log(`▸ ${name}`);
    const stageStartedAtMs = performance.now();
    const result = await /** @type {() => Promise<import("./test/stages.mjs").StageResult>} */ (stages[name])();
    sum.passed += result.passed;
    sum.failed += result.failed;
    const took = seconds(performance.now() - stageStartedAtMs);
    if (result.failed > 0) {
      console.log(result.output.trimEnd());
      console.log(`  ✗ ${name}: ${result.passed} passed, ${result.failed} failed (${took})`);
      break;
    }
    console.log(`  ✓ ${name}: ${result.passed} passed (${took})`);
  }
  console.log(`\nin ${seconds(performance.now() - startedAtMs)}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
}

try {
  await main(process.argv.slice(2));
} catch (cause) {
  fail(cause);
}
