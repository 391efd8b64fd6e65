// Builds what changed: the packages by TypeScript's project references, then the playground.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOf, listFiles, readIfThere } from "../lib/files.mjs";
import { Plain, step, withoutNoise } from "../lib/output.mjs";
import { npm, tool } from "../lib/run.mjs";

/**
 * @param {string} root
 * @returns {Promise<void>}
 * @throws {Plain} with the compiler's output
 */
export async function build(root) {
  await step("packages built", () => buildPackages(root));
  const stampPath = join(root, "examples/playground/dist/.inputs");
  const inputs = digestOf(root, playgroundInputs(root));
  if (readIfThere(stampPath) === inputs) return;
  await step("playground built", async () => {
    const { code, output } = await npm(["run", "build", "--workspace", "examples/playground"], { cwd: root });
    if (code !== 0) throw new Plain(`The playground does not build:\n${withoutNoise(output)}`);
    mkdirSync(dirname(stampPath), { recursive: true });
    writeFileSync(stampPath, inputs);
  });
}

/**
 * Compiles the packages and removes what earlier sources left behind.
 *
 * @param {string} root
 * @throws {Plain} with the compiler's output
 */
export async function buildPackages(root) {
  for (const path of leftovers(root)) rmSync(join(root, path));
  const { code, output } = await tool("typescript/bin/tsc", ["-b", "tsconfig.build.json"], { cwd: root });
  if (code !== 0) throw new Plain(`The packages do not compile:\n${output.trimEnd()}`);
}

/**
 * Files in a package's `dist` whose source is gone; the compiler never deletes them, and they would be published.
 *
 * @param {string} root
 * @returns {string[]} paths relative to `root`
 */
export function leftovers(root) {
  /** @type {string[]} */
  const found = [];
  for (const name of packageFolders(root)) {
    for (const path of listFiles(join(root, "packages", name, "dist"))) {
      const stem = path.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, "");
      if (stem === path) continue;
      const source = join(root, "packages", name, "src", stem);
      if (!existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`)) found.push(`packages/${name}/dist/${path}`);
    }
  }
  return found;
}

/** @param {string} root */
function packageFolders(root) {
  return readdirSync(join(root, "packages"));
}

/**
 * Everything the playground's build reads.
 *
 * @param {string} root
 */
function playgroundInputs(root) {
  const isTest = /\.(?:test|types\.test)\.tsx?$/;
  const sources = packageFolders(root).flatMap((name) => listFiles(root, `packages/${name}/src`));
  return [
    "package-lock.json",
    "tsconfig.base.json",
    ...sources.filter((path) => !isTest.test(path)),
    ...listFiles(root, "examples/playground").filter((path) => !isTest.test(path)),
  ];
}
