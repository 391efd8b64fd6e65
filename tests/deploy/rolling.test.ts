// A rolling restart: three nodes of one store behind a balancer, replaced one after another under load. What every client saw
// goes through the checker, as in the simulation.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import { systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import { act, SimClient } from "@heddle/testkit/simulation";
import { describe, expect, it } from "vitest";
import { FileRecorder, machineClock, replaceFile } from "../faults/support/history-file.ts";
import { judge } from "../faults/support/judge.ts";
import { notesFile, type RunNotes } from "../faults/support/notes.ts";
import { readAll } from "../faults/support/reader.ts";
import { Balancer } from "./support/balancer.ts";
import { MemoryFleet, perSecond } from "./support/fleet.ts";
import { pause, until } from "./support/wait.ts";

const clientCount = 24;
const seed = 17;
const actEveryMs = 40;
/** The balancer looks every two seconds who is there. */
const noticedMs = 2_500;

/** How many connections were greeted, by all nodes, counted every tenth of a second: the most in any second. */
class Arrivals {
  readonly #timer: NodeJS.Timeout;
  readonly #counts: number[] = [];

  constructor(clients: readonly SimClient[]) {
    const count = (): number => clients.reduce((sum, { core }) => sum + core.stats.connects, 0);
    this.#timer = setInterval(() => this.#counts.push(count()), 100);
  }

  end(): { most: number; all: number } {
    clearInterval(this.#timer);
    const counts = this.#counts;
    const inSecond = counts.map((count, index) => count - (counts[Math.max(0, index - 10)] ?? 0));
    return { most: Math.max(...inSecond), all: (counts.at(-1) ?? 0) - (counts[0] ?? 0) };
  }
}

describe.each([
  { kind: "nginx", store: "one memory", fleets: MemoryFleet },
  { kind: "haproxy", store: "one memory", fleets: MemoryFleet },
] as const)("a rolling restart of three nodes behind $kind on $store, under load", ({ kind, fleets }) => {
  it("loses nothing, repeats nothing, tells no gap, and brings new connections at the rate that was set", async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-rolling-"));
    const recorder = new FileRecorder(folder, "all");
    const random = new SeededRandom(seed);
    await using fleet = await fleets.start({ recorder, folder });
    await using balancer = await Balancer.start({ kind, ports: fleet.ports });
    const clock = machineClock();
    const clients = Array.from(
      { length: clientCount },
      (_, index) =>
        new SimClient(`c${index}`, 1, {
          time: { process: () => ({ ...clock, kill: () => {} }) },
          net: {
            transport: () => nodeWebSocket(balancer.url, { clock, random: systemRandom() }),
            links: () => [],
          },
          ...{ random: random.fork(), recorder, plan: { hasSlowHandlers: false, tokenMs: 600_000 } },
        }),
    );
    await until(() => clients.every(({ core }) => core.state.name === "online"), "everybody online");
    for (const client of clients) client.follow("big/1");
    const states: string[] = [];
    for (const { core } of clients) core.onState(({ name }) => void states.push(name));
    const arrivals = new Arrivals(clients);
    const load = setInterval(() => act(random.pick(clients), random, { isHeavy: false }), actEveryMs);
    for (let replaced = 0; replaced < 3; replaced++) {
      await fleet.replaceOldest();
      await pause(noticedMs);
    }
    clearInterval(load);
    const { most, all } = arrivals.end();
    recorder.record({ f: "healed" });
    const stands = (): string[] => [
      ...new Set(clients.flatMap((client) => [...client.handled()].map(([ch, pos]) => `${ch} ${pos.join()}`))),
    ];
    const isSteady = (): boolean =>
      recorder.openCount === 0 && stands().length === new Set(stands().map((line) => line.split(" ")[0])).size;
    await until(isSteady, () => `${recorder.openCount} questions open; clients at ${stands().join(" and ")}`);
    const seen = [...states];
    const final = await readAll(fleet.ports, new AbortController().signal);
    const notes: RunNotes = { seed, engine: "memory", workMs: 0, isHeavy: false, longestStopMs: 0, final };
    replaceFile(join(folder, notesFile), notes);
    await Promise.all(clients.map((client) => client.close()));

    const { problems, counts } = judge(folder);
    expect(problems.filter((problem) => !problem.startsWith("floor:"))).toEqual([]); // those are for runs with faults
    expect(seen).toEqual([]); // online throughout
    expect(Object.keys(counts).filter((name) => name.startsWith("gap epoch"))).toEqual([]);
    expect(counts["deliveries"]).toBeGreaterThan(500);
    // Everybody was moved at least once: who came to a node that was still to be replaced, again.
    expect(all).toBeGreaterThanOrEqual(clientCount);
    expect(most).toBeLessThanOrEqual(2 * perSecond);
    rmSync(folder, { recursive: true });
  });
});
