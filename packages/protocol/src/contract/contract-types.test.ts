import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../", import.meta.url));
const compiler = createRequire(import.meta.url)
  .resolve("typescript/package.json")
  .replace("package.json", "bin/tsc");

it("gives the types that contract.types.test.ts states, and compiles nothing it marks as an error", () => {
  const { status, stdout } = spawnSync(process.execPath, [compiler, "--noEmit", "-p", "tsconfig.types.json"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 60_000);
