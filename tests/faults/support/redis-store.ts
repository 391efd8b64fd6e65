// One Redis that writes every command to disk before it answers, each server behind a line of its own to it; and what befalls
// them. Nothing here knows what is kept in it.

import type { SeededRandom } from "@heddle/base/fakes";
import { RedisServer, TcpProxy } from "@heddle/testkit/process";
import type { Lasting, StoreFault, StoreProgram } from "./store.ts";

/** After these everything that was stored is gone. */
export const losingFaults = ["store-lost", "store-flush"] as const;

export const redisFaultKinds = [
  ...losingFaults,
  "store-kill",
  "store-stop",
  "store-deaf-up",
  "store-deaf-down",
  "store-throttle",
  "store-slow",
  "store-cut",
  "store-reset",
  "store-cut-after",
  "store-unsubscribe",
] as const;

const awayMostMs = 2_000;
const briefMs = { least: 500, most: 4_000 };

export class RedisStore implements StoreProgram {
  readonly faults: Readonly<Record<(typeof redisFaultKinds)[number], StoreFault>>;
  readonly #redis: RedisServer;
  readonly #lines: readonly TcpProxy[];

  private constructor(redis: RedisServer, lines: readonly TcpProxy[]) {
    this.#redis = redis;
    this.#lines = lines;
    this.faults = {
      "store-kill": (random) => this.#restart(random, true),
      "store-lost": (random) => this.#restart(random, false),
      "store-flush": () => redis.command("flushall"),
      "store-unsubscribe": () => redis.command("client", "kill", "type", "pubsub"),
      "store-stop": (random, longestStopMs) => {
        redis.freeze();
        return { forMs: random.between(500, longestStopMs), undo: () => redis.thaw() };
      },
      "store-deaf-up": (random) => this.#weather(random, ["up"], { isBlackhole: true }),
      "store-deaf-down": (random) => this.#weather(random, ["down"], { isBlackhole: true }),
      "store-throttle": (random) => this.#weather(random, ["down"], { bytesPerS: random.between(5_000, 50_000) }),
      "store-slow": (random) =>
        this.#weather(random, ["up", "down"], { delayMs: random.between(20, 300), jitterMs: 100 }),
      "store-cut": (random) => atOnce(() => random.pick(this.#lines).cut()),
      "store-reset": (random) => atOnce(() => random.pick(this.#lines).reset()),
      "store-cut-after": (random) =>
        atOnce(() => random.pick(this.#lines).cutAfter(random.pick(["up", "down"]), random.between(1, 4_000))),
    };
  }

  static async start(nodeCount: number): Promise<RedisStore> {
    const redis = await RedisServer.start({ isPersistent: true });
    const { port } = redis;
    return new RedisStore(redis, await Promise.all(Array.from({ length: nodeCount }, () => TcpProxy.open({ port }))));
  }

  urlsOf(index: number): readonly string[] {
    return [`redis://127.0.0.1:${this.#lines[index]?.port ?? 0}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lines.map((line) => line[Symbol.asyncDispose]()));
    await this.#redis[Symbol.asyncDispose]();
  }

  async #restart(random: SeededRandom, keepData: boolean): Promise<void> {
    await this.#redis.kill();
    const awayMs = random.between(0, awayMostMs);
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    await this.#redis.restart({ keepData });
  }

  #weather(
    random: SeededRandom,
    ways: readonly ("up" | "down")[],
    weather: Parameters<TcpProxy["setWeather"]>[1],
  ): Lasting {
    const line = random.pick(this.#lines);
    for (const way of ways) line.setWeather(way, weather);
    return { forMs: random.between(briefMs.least, briefMs.most), undo: () => line.calm() };
  }
}

function atOnce(happen: () => void): Lasting {
  happen();
  return { forMs: 0, undo: () => undefined };
}
