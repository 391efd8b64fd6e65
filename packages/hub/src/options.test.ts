import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hubLimits, resolveLimits, type HubLimits } from "./options.ts";

describe("the hub's limits", () => {
  it("are told in docs/backpressure.md as they are", () => {
    const document = readFileSync(new URL("../../../docs/backpressure.md", import.meta.url), "utf8");
    const rows = [...document.matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| \S+ +\|$/gm)];
    const told = rows.map(([, name, value]) => [name, Number(value)]);
    expect(told.length).toBeGreaterThan(20);
    expect(told).toEqual(told.map(([name]) => [name, hubLimits[name as keyof HubLimits]]));
  });

  it.each([
    ["framesPerSecond", 0],
    ["userBytesBurst", 0.5],
    ["floodFactor", 1],
    ["appendsMin", 5_000],
    ["memoryTightShare", 0.9],
    ["memoryLookMs", 1],
    ["keyCount", 0],
    ["readBytesPerSecond", 1_000],
  ] as const)("refuse %s of %d, naming it", (name, value) => {
    expect(() => resolveLimits({ [name]: value })).toThrow(`limits.${name}`);
  });
});
