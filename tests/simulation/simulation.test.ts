import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { belowFloors } from "./floors.ts";
import { plants } from "./planted.ts";
import { runSeeds, type Verdict } from "./pool.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const workers = availableParallelism();
const fixedSeeds = { first: 1, count: 2_000 };

describe("the simulation", () => {
  it(`keeps every guarantee over ${fixedSeeds.count} fixed seeds, and meets what it must`, async () => {
    const totals: Record<string, number> = {};
    const bad: Verdict[] = [];
    await runSeeds(fixedSeeds.first, fixedSeeds.count, {
      workers,
      onVerdict(verdict) {
        if (verdict.violationCount > 0) bad.push(verdict);
        for (const [name, value] of Object.entries(verdict.counts)) totals[name] = (totals[name] ?? 0) + value;
      },
    });
    expect(bad.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`)).toEqual([]);
    expect(belowFloors(totals, fixedSeeds.count)).toEqual([]);
  });
});

describe("planted bugs", () => {
  const seeds = JSON.parse(read("tests/simulation/planted-seeds.json")) as Record<string, number>;

  it("are at least twelve, each with the seed that caught it first", () => {
    expect(plants.length).toBeGreaterThanOrEqual(12);
    expect(Object.keys(seeds).sort()).toEqual(plants.map(({ name }) => name).sort());
  });

  it.each(plants)("$name edits a text that is there exactly once", ({ file, find, replace }) => {
    expect(read(file).split(find).length - 1).toBe(1);
    expect(replace).not.toBe(find);
  });

  it("are caught, each by its seed", async () => {
    const escaped: string[] = [];
    const waiting = [...plants];
    const hunters = Array.from({ length: workers }, async () => {
      for (let plant = waiting.shift(); plant !== undefined; plant = waiting.shift()) {
        const { name } = plant;
        await runSeeds(seeds[name] as number, 1, {
          workers: 1,
          plant,
          onVerdict: ({ violationCount }) => void (violationCount === 0 && escaped.push(name)),
        });
      }
    });
    await Promise.all(hunters);
    expect(escaped).toEqual([]);
  });
});

describe("what is simulated", () => {
  it("is the hub and the client themselves: the simulation replaces none of their modules", () => {
    const simulation = readdirSync(new URL("packages/testkit/src/simulation/", root)).filter((file) =>
      file.endsWith(".ts"),
    );
    const imports = simulation.flatMap((file) => [
      ...read(`packages/testkit/src/simulation/${file}`).matchAll(/from "(@heddle\/[^"]+)"/g),
    ]);
    const entries = new Set(imports.map(([, entry]) => entry));
    for (const entry of ["@heddle/hub", "@heddle/hub/memory", "@heddle/client/core"]) expect(entries).toContain(entry);
    // The server and the typed client stand on the same entries, so the classes are the same.
    expect(read("packages/server/src/server.ts")).toContain('from "@heddle/hub"');
    expect(read("packages/client/src/client.ts")).toContain('from "./client-core.ts"');
    expect(read("packages/client/src/core.ts")).toContain('from "./client-core.ts"');
  });
});
