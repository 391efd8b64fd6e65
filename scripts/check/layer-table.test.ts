import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../lib/run.mjs";
import { zones } from "./layer-table.ts";

const list = (names: readonly string[] | undefined): string =>
  names === undefined || names.length === 0 ? "–" : names.map((name) => `\`${name}\``).join(", ");

it("is the table that docs/ARCHITECTURE.md shows", () => {
  const page = readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8");
  const lines = page.split("\n").map((line) => line.replace(/ {2,}/g, " "));
  const shown = lines.filter((line) => /^\| `[a-z/-]+` \|/.test(line));
  const wanted = zones.map(
    ({ name, may, mayTypes, node }) => `| \`${name}\` | ${list(may)} | ${list(mayTypes)} | ${node ? "yes" : "no"} |`,
  );
  expect(shown).toEqual(wanted);
});
