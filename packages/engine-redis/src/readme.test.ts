import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { redisLimits } from "./index.ts";

it("has every limit and its default in the README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `(\w+)` +\| ([\d_]+) /gm)].map(([, name, value]) => [
    name,
    Number(value?.replaceAll("_", "")),
  ]);
  expect(Object.fromEntries(rows)).toEqual(redisLimits);
});
