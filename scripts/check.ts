// `npm run check`: everything that can be said about the code without running it. Two parts at a time.
//
//   npm run check                 all parts
//   npm run check -- layers tidy  some parts
import { checkDocs } from "./check/docs.ts";
import { describeFinding, type Finding } from "./check/finding.ts";
import { checkLayers } from "./check/layers.ts";
import { openRepository } from "./check/repository.ts";
import { checkTidy } from "./check/tidy.ts";
import { fail, Plain, seconds } from "./lib/output.mjs";
import { root, tool } from "./lib/run.mjs";

interface Verdict {
  readonly isGood: boolean;
  /** What to read when it is not; warnings when it is. */
  readonly output: string;
}

const repository = openRepository(root);

/** Each lane runs its parts one after the other. Linting reads the built types, so it follows the build. */
const lanes: readonly Readonly<Record<string, () => Promise<Verdict>>>[] = [
  {
    build: () => runTool("typescript/bin/tsc", ["-b", "tsconfig.build.json"]),
    lint: () => runTool("oxlint/bin/oxlint", ["--type-aware", "--quiet"]),
    playground: checkPlayground,
  },
  {
    format: () =>
      runTool("prettier/bin/prettier.cjs", [
        "--check",
        "--cache",
        "--cache-location",
        ".setup/prettier",
        "--log-level",
        "warn",
        ".",
      ]),
    types: () => runTool("typescript/bin/tsc", ["-p", "tsconfig.check.json"]),
    layers: () => judge(checkLayers),
    tidy: () => judge(checkTidy),
    docs: () => judge(checkDocs),
  },
];

async function runTool(script: string, args: readonly string[]): Promise<Verdict> {
  const { code, output } = await tool(script, args);
  return { isGood: code === 0, output: code === 0 ? "" : output.trimEnd() };
}

/** The playground's page and its configuration have their own TypeScript settings (JSX, browser types). */
async function checkPlayground(): Promise<Verdict> {
  const projects = [
    ["-b", "examples/playground/tsconfig.json"],
    ["-p", "examples/playground/tsconfig.page.json"],
  ];
  const outputs: string[] = [];
  for (const args of projects) {
    const { code, output } = await tool("typescript/bin/tsc", args);
    if (code !== 0) outputs.push(output.trimEnd());
  }
  return { isGood: outputs.length === 0, output: outputs.join("\n") };
}

function judge(guard: (files: typeof repository) => Finding[]): Promise<Verdict> {
  const findings = guard(repository);
  const isGood = findings.every(({ level }) => level === "warning");
  return Promise.resolve({ isGood, output: findings.map(describeFinding).join("\n") });
}

async function main(asked: readonly string[]): Promise<void> {
  const names = lanes.flatMap((lane) => Object.keys(lane));
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Plain(`There is no part "${unknown}"; the parts are ${names.join(", ")}.`);
  const counts = { passed: 0, failed: 0 };
  await Promise.all(
    lanes.map(async (lane) => {
      for (const [name, part] of Object.entries(lane)) {
        if (asked.length > 0 && !asked.includes(name)) continue;
        const startedAtMs = performance.now();
        const { isGood, output } = await part();
        counts[isGood ? "passed" : "failed"]++;
        console.log(`  ${isGood ? "✓" : "✗"} ${name} (${seconds(performance.now() - startedAtMs)})`);
        if (output !== "") console.log(output.replace(/^/gm, "    "));
      }
    }),
  );
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

try {
  await main(process.argv.slice(2));
} catch (cause) {
  fail(cause);
}
