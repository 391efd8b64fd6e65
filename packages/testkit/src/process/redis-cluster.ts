// Several Redis servers of a test's own: a Cluster with replicas, and a primary with replicas that Sentinels watch.

import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import { freePort, RedisServer } from "./redis-server.ts";

const settleMs = 60_000;
const pollMs = 50;
const slotCount = 16_384;

/** How long a server may be silent before the others think it gone, ms. */
const silentMs = 1_000;

async function until(clock: Clock, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const untilMs = clock.monotonicMs() + settleMs; !(await holds().catch(() => false));) {
    if (clock.monotonicMs() > untilMs) throw new Error(`${what}: not within ${settleMs} ms`);
    await new Promise<void>((run) => void clock.after(pollMs, run));
  }
}

export class RedisCluster implements AsyncDisposable {
  /** Primaries at first, then as many replicas, each of the primary at the same place. */
  readonly servers: readonly RedisServer[];
  readonly #clock: Clock;

  private constructor(servers: readonly RedisServer[], clock: Clock) {
    this.servers = servers;
    this.#clock = clock;
  }

  /** Starts `primaryCount` primaries with a replica each and waits until all slots are served everywhere. */
  static async start({
    primaryCount = 3,
    clock = systemClock(),
  }: { primaryCount?: number; clock?: Clock } = {}): Promise<RedisCluster> {
    const servers = await Promise.all(
      Array.from({ length: 2 * primaryCount }, async () =>
        RedisServer.start({
          args: [
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            `${await freePort()}`,
            "--cluster-node-timeout",
            `${silentMs}`,
          ],
        }),
      ),
    );
    const cluster = new RedisCluster(servers, clock);
    await cluster.#meet(primaryCount);
    return cluster;
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** The server that now has a slot. */
  async primaryOf(slot: number): Promise<RedisServer> {
    for (const server of this.servers.filter(({ isRunning }) => isRunning)) {
      const line = (await server.command("cluster", "nodes")).split("\n").find((each) => each.includes("myself"));
      if (line?.includes("master") !== true) continue;
      const ranges = line.split(" ").slice(8);
      const has = ranges.some((range) => {
        const [from, to = from] = range.split("-").map(Number);
        return slot >= (from as number) && slot <= (to as number);
      });
      if (has) return server;
    }
    throw new Error(`no server has slot ${slot}`);
  }

  /** Moves a slot with all its keys, as an operator would while it is in use. */
  async moveSlot(slot: number, to: RedisServer): Promise<void> {
    const from = await this.primaryOf(slot);
    const [fromId, toId] = [await from.command("cluster", "myid"), await to.command("cluster", "myid")];
    await to.command("cluster", "setslot", `${slot}`, "importing", fromId);
    await from.command("cluster", "setslot", `${slot}`, "migrating", toId);
    for (;;) {
      const keys = (await from.command("cluster", "getkeysinslot", `${slot}`, "100")).split("\n").filter(Boolean);
      if (keys.length === 0) break;
      await from.command("migrate", "127.0.0.1", `${to.port}`, "", "0", "5000", "keys", ...keys);
    }
    await to.command("cluster", "setslot", `${slot}`, "node", toId);
    await from.command("cluster", "setslot", `${slot}`, "node", toId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #meet(primaryCount: number): Promise<void> {
    const [first] = this.servers as [RedisServer];
    for (const [index, server] of this.servers.entries()) {
      await server.command("cluster", "set-config-epoch", `${index + 1}`);
      if (index < primaryCount) {
        const [from, to] = [index, index + 1].map((place) => Math.floor((place * slotCount) / primaryCount)) as [
          number,
          number,
        ];
        await server.command("cluster", "addslotsrange", `${from}`, `${to - 1}`);
      }
      const busPort = (await server.command("config", "get", "cluster-port")).split("\n")[1] ?? "";
      await first.command("cluster", "meet", "127.0.0.1", `${server.port}`, busPort);
    }
    await until(this.#clock, "the Cluster's servers know each other", () =>
      this.#all(async (server) =>
        (await server.command("cluster", "info")).includes(`cluster_known_nodes:${this.servers.length}`),
      ),
    );
    for (const [index, server] of this.servers.entries())
      if (index >= primaryCount)
        await server.command(
          "cluster",
          "replicate",
          await (this.servers[index - primaryCount] as RedisServer).command("cluster", "myid"),
        );
    await until(this.#clock, "the Cluster is whole", () =>
      this.#all(async (server, index) => {
        const isServed = (await server.command("cluster", "info")).includes("cluster_state:ok");
        return (
          isServed &&
          (index < primaryCount || (await server.command("info", "replication")).includes("master_link_status:up"))
        );
      }),
    );
  }

  async #all(holds: (server: RedisServer, index: number) => Promise<boolean>): Promise<boolean> {
    return (await Promise.all(this.servers.map(holds))).every(Boolean);
  }
}

/** A primary, a replica, and three Sentinels that call the primary `main`. */
export class WatchedRedis implements AsyncDisposable {
  readonly name = "main";
  readonly servers: readonly [RedisServer, RedisServer];
  readonly sentinels: readonly RedisServer[];
  readonly #clock: Clock;

  private constructor(servers: readonly [RedisServer, RedisServer], sentinels: readonly RedisServer[], clock: Clock) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.#clock = clock;
  }

  static async start({ clock = systemClock() }: { clock?: Clock } = {}): Promise<WatchedRedis> {
    const primary = await RedisServer.start({ args: ["--repl-diskless-sync-delay", "0"] });
    const replica = await RedisServer.start({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
    const lines = [
      `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds main ${silentMs}`,
      "sentinel failover-timeout main 5000",
    ];
    const sentinels = await Promise.all(
      [1, 2, 3].map(() => RedisServer.start({ sentinelConfig: `${lines.join("\n")}\n` })),
    );
    const watched = new WatchedRedis([primary, replica], sentinels, clock);
    await until(clock, "the Sentinels know everybody", async () => {
      const said = await Promise.all(sentinels.map((sentinel) => sentinel.command("sentinel", "master", "main")));
      return said.every((text) => /num-other-sentinels\n2\b/.test(text) && /num-slaves\n1\b/.test(text));
    });
    await until(clock, "the replica follows", async () =>
      (await replica.command("info", "replication")).includes("master_link_status:up"),
    );
    return watched;
  }

  get urls(): readonly string[] {
    return this.sentinels.map(({ url }) => url);
  }

  /** Waits until the Sentinels name `server` as the primary and it is one. */
  async untilPrimary(server: RedisServer): Promise<void> {
    await until(this.#clock, `port ${server.port} is the primary`, async () => {
      const said = await Promise.all(
        this.sentinels.map((sentinel) => sentinel.command("sentinel", "get-master-addr-by-name", "main")),
      );
      return (
        said.every((text) => text.includes(`${server.port}`)) && (await server.command("role")).startsWith("master")
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server[Symbol.asyncDispose]()));
  }
}
