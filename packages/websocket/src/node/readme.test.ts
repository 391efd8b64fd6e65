// The limits the README names are the limits in force.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { connectionDefaults } from "./connection-options.ts";
import { dialDefaults } from "./dial.ts";
import { serverDefaults } from "./server.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

it("has every limit and its default in the README, and no other", () => {
  const rows = [...readme.matchAll(/^\| `(\w+)` +\| ([\d_]+) /gm)];
  const written: unknown = Object.fromEntries(
    rows.map(([, name, value]) => [name, Number(value?.replaceAll("_", ""))]),
  );
  expect(written).toEqual({ ...connectionDefaults, ...serverDefaults, ...dialDefaults });
});
