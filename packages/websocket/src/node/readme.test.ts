// The limits the README names are the limits in force.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { deflateDefaults } from "../deflate/deflate-options.ts";
import { connectionDefaults } from "./connection-options.ts";
import { dialDefaults } from "./dial.ts";
import { httpDefaults } from "./http-limits.ts";
import { serverDefaults } from "./server.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

it("has every limit, its default and its unit in one table of the README, and no other", () => {
  const rows = [...readme.matchAll(/^\| `(?!deflate\.)([\w.]+)` +\| ([\d_]+)(?: (\S+))? +\| (?:\S.*) \|$/gm)];
  const written: unknown = Object.fromEntries(
    rows.map(([, name, value]) => [name, Number(value?.replaceAll("_", ""))]),
  );
  const { ping, ...flat } = connectionDefaults;
  const ofPing = Object.fromEntries(Object.entries(ping).map(([name, value]) => [`ping.${name}`, value]));
  expect(written).toEqual({ ...flat, ...ofPing, ...serverDefaults, ...httpDefaults });
  expect(httpDefaults).toEqual(dialDefaults); // one row for both
  for (const [, name = "", , unit] of rows) {
    expect(`${name} ${unit}`).toMatch(/Ms ms$|Bytes bytes$|PerSecond \/s$|(?:Fragments|Connections) undefined$/);
  }
});

it("has every option of compression and its default there, and no other", () => {
  const rows = [...readme.matchAll(/^\| `deflate\.(\w+)` +\| ([\w_]+) /gm)];
  const written: unknown = Object.fromEntries(
    rows.map(([, name, value = ""]) => [name, JSON.parse(value.replaceAll("_", "")) as unknown]),
  );
  expect(written).toEqual(deflateDefaults);
});
