import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { capacityOf, constants, coreShareOf, defaults, interestedOf } from "./model.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const run = (...args: string[]) =>
  spawnSync(process.execPath, ["--import", "tsx", "scripts/capacity.ts", ...args], { cwd: root, encoding: "utf8" });

describe("the capacity model", () => {
  it("counts deliveries, and the processes that hold a channel's subscribers", () => {
    expect(capacityOf({ ...defaults, rate: 500, subscribers: 40 }).deliveries.value).toBe(20_000);
    expect(interestedOf(4, 1)).toBeCloseTo(1);
    expect(interestedOf(4, 1_000)).toBeCloseTo(4);
    expect(interestedOf(1, 7)).toBe(1);
  });

  it("takes the fewest processes that carry the load, and one more", () => {
    const load = { ...defaults, connections: 200_000, rate: 5_000 };
    const { value } = capacityOf(load).processes;
    const fits = (nodes: number): boolean =>
      coreShareOf(load, nodes) <= constants.busyShare && load.connections / nodes <= constants.connectionsPerProcess;
    expect(fits(value - 1)).toBe(true);
    expect(fits(value - 2)).toBe(false);
  });

  it("needs less CPU when messages are joined, and more of everything with more of anything", () => {
    expect(coreShareOf({ ...defaults, joined: 10 }, 2)).toBeLessThan(coreShareOf(defaults, 2));
    for (const name of ["connections", "rate", "subscribers"] as const)
      expect(coreShareOf({ ...defaults, [name]: 2 * defaults[name] }, 2)).toBeGreaterThan(coreShareOf(defaults, 2));
    const memory = (change: Partial<typeof defaults>): number =>
      capacityOf({ ...defaults, processes: 2, ...change }).memoryPerProcess.value;
    for (const change of [{ connections: 20_000 }, { subscriptions: 6 }, { channels: 2_000 }, { payload: 512 }])
      expect(memory(change)).toBeGreaterThan(memory({}));
  });

  it("says when one channel is too much for one order, and when no process could be missed", () => {
    expect(capacityOf({ ...defaults, rate: 50_000, channels: 1 }).notes[0]).toContain("split by a key");
    expect(capacityOf({ ...defaults, rate: 100_000, processes: 1 }).notes[0]).toContain("50 % of a core");
  });

  it("has the constants of docs/capacity.md", () => {
    const document = readFileSync(`${root}docs/capacity.md`, "utf8");
    const told = [...document.matchAll(/^\| `(\w+)` +\| ([\d.]+) /gm)].map(([, name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(told)).toEqual(constants);
  });
});

describe("npm run capacity", () => {
  it("prints a line for each figure, or all of them as JSON", () => {
    const { stdout, status } = run("--connections", "100000", "--rate", "5000");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^deliveries +100,000 deliveries\/s$/m);
    expect(stdout).toMatch(/^redisPrimaries +1 Redis primaries$/m);
    const json = JSON.parse(run("--connections", "100000", "--json").stdout) as { load: { connections: number } };
    expect(json.load.connections).toBe(100_000);
  });

  it("tells its options, and which of them is wrong", () => {
    expect(run("--help").stdout).toContain("--subscribers");
    const wrong = run("--rate", "many");
    expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('--rate: "many" given')]);
    expect(run("--speed", "9").status).toBe(1);
  });
});
