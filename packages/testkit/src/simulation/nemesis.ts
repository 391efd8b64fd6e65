// What goes wrong: one fault at a time, of those the plan allows, each written to the history. `heal` ends them all.

import type { SeededRandom } from "@heddle/base/fakes";
import type { FaultKind, Plan } from "./plan.ts";
import type { Quality } from "./sim-pipe.ts";
import type { Recorder } from "./recorder.ts";
import { simLeaseMs } from "./sim-bus.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimNet } from "./sim-net.ts";
import type { SimServer } from "./sim-server.ts";
import type { SimStore } from "./sim-store.ts";
import type { SimTime } from "./sim-time.ts";

type ServerFault = Exclude<
  FaultKind,
  "cut" | "reset" | "half-open" | "slow-network" | "frozen-reader" | "client-crash" | "client-closed" | "disconnected"
>;

/** What can be struck. */
export interface Target {
  readonly time: SimTime;
  readonly recorder: Recorder;
  readonly net: SimNet;
  readonly store: SimStore;
  readonly plan: Pick<Plan, "breaksCalls">;
  /** Those that run, by address. */
  readonly servers: ReadonlyMap<string, SimServer>;
  readonly clients: ReadonlyMap<string, SimClient>;
  restartClient(name: string, how: "process" | "machine" | "closed"): void;
  restartServer(address: string, afterMs: number, how: "process" | "machine"): void;
}

/** A call is under way this long, at most, when its connection breaks. Milliseconds. */
const underWayMs = 60;

const goodQuality: Quality = { latencyMs: 5, jitterMs: 1, bytesPerMs: 1_000, bufferBytes: 65_536 };

/** One fault that happened. */
export interface Strike {
  /** The how manieth of its seed, from 0. */
  readonly index: number;
  readonly atMs: number;
  readonly kind: FaultKind;
}

export class Nemesis {
  readonly #world: Target;
  readonly #random: SeededRandom;
  readonly #left: ReadonlySet<number>;
  readonly #undo = new Set<() => void>();
  readonly strikes: Strike[] = [];

  /** @param left  indices of strikes that do not happen; the others stay what they are */
  constructor(world: Target, random: SeededRandom, left: ReadonlySet<number>) {
    this.#world = world;
    this.#random = random;
    this.#left = left;
  }

  /** Lets one fault happen. */
  strike(kind: FaultKind): void {
    const index = this.strikes.length;
    this.strikes.push({ index, atMs: this.#world.time.nowMs, kind });
    // Each has chance of its own, so that leaving one out changes no other.
    const random = this.#random.fork();
    if (this.#left.has(index)) return;
    if (this.#world.plan.breaksCalls && (kind === "cut" || kind === "reset")) this.#breakCall(kind, random);
    else this.#strike(kind, random);
  }

  /** Breaks a connection when an answer to a call may be on its way: it is asked for again, and must not be made again. */
  #breakCall(kind: "cut" | "reset", random: SeededRandom): void {
    for (const client of this.#world.clients.values()) if (!client.isClosed) client.call("charge");
    this.#world.time.world.after(random.float() * underWayMs, () => this.#strike(kind, random));
  }

  #strike(kind: FaultKind, random: SeededRandom): void {
    const { recorder, net, clients, servers } = this.#world;
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
      case "client-closed":
        recorder.fault(kind, client);
        return this.#world.restartClient(client, "closed");
      case "disconnected": {
        recorder.fault(kind, client);
        const key = random.pick(["draining", "overloaded"] as const);
        // Each asks the others too; those that are told twice find nobody any more.
        for (const server of servers.values())
          server.counted(server.hub.disconnectUser(clients.get(client)?.user ?? "", key));
        return;
      }
      default:
        return this.#strikeServer(kind, random);
    }
  }

  heal(): void {
    for (const undo of [...this.#undo]) undo();
    for (const client of this.#world.clients.keys()) this.#world.net.setQuality(client, goodQuality);
    this.#rejoin();
    for (const server of this.#world.servers.values()) server.calm();
  }

  #strikeServer(kind: ServerFault, random: SeededRandom): void {
    const world = this.#world;
    const { recorder, servers } = world;
    if (servers.size === 0) return;
    const server = random.pick([...servers.values()]);
    recorder.fault(kind, server.node);
    switch (kind) {
      case "server-crash":
        return world.restartServer(
          server.address,
          random.between(50, 2_000),
          random.pick(["process", "machine"] as const),
        );
      case "store-lost":
        void world.store.loseEverything();
        return this.#breakLinks("the store restarted");
      case "failover":
        void world.store.failOver(random.between(0, 8));
        return this.#breakLinks("another primary");
      case "split-store":
        if (world.store.isSplit) return;
        void world.store.split([server.address], random.between(0, 4));
        this.#breakLinks("another primary", server);
        return this.#later(random.between(200, 4_000), () => this.#rejoin());
      case "store-link-broken":
        return server.link?.breakLink("the link broke");
      case "store-unreachable":
        server.link?.cutLink();
        return this.#later(random.between(200, 4_000), () => server.link?.mend());
      case "bus-cut":
        // Shorter than a lease: the others cannot know that it is not dead.
        server.link?.bus.cut();
        return this.#later(random.between(200, simLeaseMs - 1_500), () => server.link?.bus.mend());
      case "bus-down": {
        const cut = [...servers.values()];
        for (const { link } of cut) link?.bus.cut();
        return this.#later(random.between(200, 2 * simLeaseMs), () => cut.forEach(({ link }) => link?.bus.mend()));
      }
    }
  }

  /** The old primary of a split store steps down, and all find the new one. */
  #rejoin(): void {
    if (!this.#world.store.isSplit) return;
    this.#world.store.rejoin();
    this.#breakLinks("the old primary stepped down");
  }

  #breakLinks(why: string, except?: SimServer): void {
    for (const server of this.#world.servers.values()) if (server !== except) server.link?.breakLink(why);
  }

  #later(afterMs: number, undo: () => void): void {
    const run = (): void => {
      if (this.#undo.delete(run)) undo();
    };
    this.#undo.add(run);
    this.#world.time.world.after(afterMs, run);
  }
}
