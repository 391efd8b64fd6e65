// A rolling restart: three nodes of one store behind a balancer, replaced one after another under load. What every client saw
// goes through the checker, as in the simulation.

import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import type { SimClient } from "@heddle/testkit/simulation";
import { describe, expect, it } from "vitest";
import { Balancer } from "./support/balancer.ts";
import { spendDay } from "./support/crowd.ts";
import { MemoryFleet, perSecond, RedisFleet } from "./support/fleet.ts";
import { pause } from "./support/wait.ts";

const clientCount = 24;
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
  { kind: "haproxy", store: "Redis, as processes", fleets: RedisFleet },
] as const)("a rolling restart of three nodes behind $kind on $store, under load", ({ kind, fleets }) => {
  it("loses nothing, repeats nothing, tells no gap, and brings new connections at the rate that was set", async () => {
    let came = { most: 0, all: 0 };
    const { problems, counts, states } = await spendDay({
      ...{ seed: 17, clientCount },
      fleet: (options) => fleets.start(options),
      async arrive({ ports }) {
        const balancer = await Balancer.start({ kind, ports });
        const [clock, random] = [systemClock(), systemRandom()];
        return {
          transport: () => nodeWebSocket(balancer.url, { clock, random }),
          end: () => balancer[Symbol.asyncDispose](),
        };
      },
      async during(fleet, clients) {
        const arrivals = new Arrivals(clients);
        for (let replaced = 0; replaced < 3; replaced++) {
          await fleet.replaceOldest();
          await pause(noticedMs);
        }
        came = arrivals.end();
      },
    });
    expect(problems).toEqual([]);
    expect(states).toEqual([]); // online throughout
    expect(Object.keys(counts).filter((name) => name.startsWith("gap epoch"))).toEqual([]);
    expect(counts["deliveries"]).toBeGreaterThan(500);
    // Everybody was moved at least once: who came to a node that was still to be replaced, again.
    expect(came.all).toBeGreaterThanOrEqual(clientCount);
    expect(came.most).toBeLessThanOrEqual(2 * perSecond);
  });
});
