// What goes wrong: one fault at a time, of those the plan allows, each written to the history. `heal` ends them all.

import type { SeededRandom } from "@heddle/base/fakes";
import type { FaultKind } from "./plan.ts";
import type { Quality } from "./sim-pipe.ts";
import type { Recorder } from "./recorder.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimNet } from "./sim-net.ts";
import type { SimServer } from "./sim-server.ts";
import type { SimStore } from "./sim-store.ts";
import type { SimTime } from "./sim-time.ts";

/** What can be struck. */
export interface Target {
  readonly time: SimTime;
  readonly recorder: Recorder;
  readonly net: SimNet;
  readonly store: SimStore;
  readonly server: SimServer | undefined;
  readonly clients: ReadonlyMap<string, SimClient>;
  restartClient(name: string, how: "process" | "machine"): void;
  restartServer(afterMs: number, how: "process" | "machine"): void;
}

const goodQuality: Quality = { latencyMs: 5, jitterMs: 1, bytesPerMs: 1_000, bufferBytes: 65_536 };

export class Nemesis {
  readonly #world: Target;
  readonly #random: SeededRandom;
  readonly #undo = new Set<() => void>();

  constructor(world: Target, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** Lets one fault happen. */
  strike(kind: FaultKind): void {
    const { recorder, net, clients } = this.#world;
    const random = this.#random;
    const client = random.pick([...clients.keys()]);
    switch (kind) {
      case "cut":
        recorder.fault(kind, client);
        return net.cut(client, random.between(50, 4_000));
      case "reset":
        recorder.fault(kind, client);
        return net.links(client).forEach((link) => link.reset());
      case "half-open":
        recorder.fault(kind, client);
        return net.links(client).forEach((link) => link.stall(random.pick(["up", "down", "both"] as const), Infinity));
      case "slow-network":
        recorder.fault(kind, client);
        net.setQuality(client, {
          latencyMs: random.between(20, 300),
          jitterMs: 40,
          bytesPerMs: random.between(2, 50),
          bufferBytes: 16_384,
        });
        return this.#later(random.between(1_000, 5_000), () => net.setQuality(client, goodQuality));
      case "frozen-reader": {
        recorder.fault(kind, client);
        const links = net.links(client);
        for (const link of links) link.freezeReader(true);
        return this.#later(random.between(500, 6_000), () => links.forEach((link) => link.freezeReader(false)));
      }
      case "client-crash":
        recorder.fault(kind, client);
        return this.#world.restartClient(client, random.pick(["process", "machine"] as const));
      default:
        return this.#strikeServer(kind);
    }
  }

  heal(): void {
    for (const undo of [...this.#undo]) undo();
    for (const client of this.#world.clients.keys()) this.#world.net.setQuality(client, goodQuality);
    this.#world.server?.calm();
  }

  #strikeServer(
    kind: Exclude<FaultKind, "cut" | "reset" | "half-open" | "slow-network" | "frozen-reader" | "client-crash">,
  ): void {
    const world = this.#world;
    const random = this.#random;
    const { server, recorder } = world;
    if (server === undefined) return;
    recorder.fault(kind, server.node);
    switch (kind) {
      case "server-crash":
        return world.restartServer(random.between(50, 2_000), random.pick(["process", "machine"] as const));
      case "store-lost":
        void world.store.loseEverything();
        return server.engine.breakLink("the store restarted");
      case "failover":
        void world.store.failOver(random.between(0, 8));
        return server.engine.breakLink("another primary");
      case "store-link-broken":
        return server.engine.breakLink("the link broke");
      case "store-unreachable":
        server.engine.cutLink();
        return this.#later(random.between(200, 4_000), () => world.server?.engine.mend());
    }
  }

  #later(afterMs: number, undo: () => void): void {
    const run = (): void => {
      if (this.#undo.delete(run)) undo();
    };
    this.#undo.add(run);
    this.#world.time.world.after(afterMs, run);
  }
}
