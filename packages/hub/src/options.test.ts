import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hubLimits, resolveLimits, type HubLimits } from "./options.ts";

describe("the hub's limits", () => {
  it.each([
    ["backpressure", 20],
    ["nodes", 5],
  ])("are told in docs/%s.md as they are", (name, least) => {
    const document = readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8");
    const rows = [...document.matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| \S+ +\|$/gm)];
    const told = rows.map(([, name, value]) => [name, Number(value)]);
    expect(told.length).toBeGreaterThan(least);
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
    ["nodeAnswerMs", 0],
    ["nodeMessageBytes", 1_000],
    ["revocationsMax", 200_000],
    ["revocationStaleMs", 100],
    ["revocationWaitMs", 100_000],
  ] as const)("refuse %s of %d, naming it", (name, value) => {
    expect(() => resolveLimits({ [name]: value })).toThrow(`limits.${name}`);
  });
});
