// What goes wrong between real processes: one fault of each kind, its end, and the healing of all. What befalls a store is its own.

import type { SeededRandom } from "@heddle/base/fakes";
import type { Child } from "./child.ts";
import type { FileRecorder } from "./history-file.ts";
import type { World } from "./world.ts";

const serverFaults = ["server-kill", "server-drain", "server-stop"] as const;
const clientFaults = [
  "client-stop",
  "client-kill",
  "cut",
  "reset",
  "blackhole-up",
  "blackhole-down",
  "throttle",
  "slow",
  "cut-after",
] as const;
/** Those that happen on every engine. */
export const faultKinds: readonly string[] = [...serverFaults, ...clientFaults];
type ServerFault = (typeof serverFaults)[number];
type ClientFault = (typeof clientFaults)[number];

const isOneOf = <Kind extends string>(kinds: readonly Kind[], kind: string): kind is Kind =>
  (kinds as readonly string[]).includes(kind);

export class Nemesis {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #recorder: FileRecorder;
  readonly #longestStopMs: number;
  /** What has to be undone, each with the timer that would do it. */
  readonly #undo = new Map<() => void, NodeJS.Timeout>();
  /** Restarts under way. */
  readonly #busy = new Set<Promise<void>>();
  readonly #failed: (why: string) => void;
  #isTroubled = false;

  constructor(
    world: World,
    random: SeededRandom,
    recorder: FileRecorder,
    options: { longestStopMs: number; failed: (why: string) => void },
  ) {
    this.#world = world;
    this.#random = random;
    this.#recorder = recorder;
    this.#longestStopMs = options.longestStopMs;
    this.#failed = options.failed;
  }

  /** Whether a server or the store is frozen, away, or hard to reach. */
  get isServerTroubled(): boolean {
    return this.#isTroubled;
  }

  /**
   * Lets one fault happen. Only one at a time befalls the servers and their store: a server cannot start without it.
   *
   * @param kind  one of `faultKinds`, or of the store's own
   * @returns whether it happened
   */
  strike(kind: string): boolean {
    if (isOneOf(serverFaults, kind)) return this.#strikeServer(kind);
    if (!isOneOf(clientFaults, kind)) return this.#strikeStore(kind);
    this.#strikeClients(kind);
    return true;
  }

  /** Resolves when every program that was ended is there again. */
  async restarted(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  /** Everything is undone, and whoever was away is back. */
  async heal(): Promise<void> {
    for (const [undo, timer] of this.#undo) {
      clearTimeout(timer);
      undo();
    }
    this.#undo.clear();
    await this.restarted();
    for (const { proxies } of this.#world.places) for (const proxy of proxies) proxy.calm();
  }

  /** Nothing more happens. What is undone is left as it is. */
  stop(): void {
    for (const timer of this.#undo.values()) clearTimeout(timer);
    this.#undo.clear();
  }

  #strikeClients(kind: ClientFault): void {
    const random = this.#random;
    const place = random.pick(this.#world.places);
    const { config, child } = place;
    const proxy = random.pick(place.proxies);
    this.#recorder.fault(kind, config.name);
    const briefMs = random.between(1_000, 6_000);
    switch (kind) {
      case "client-stop":
        return this.#freeze(child, () => {});
      case "client-kill":
        return this.#do(() => this.#world.restartClients(place));
      case "cut":
        return proxy.cut();
      case "reset":
        return proxy.reset();
      case "cut-after":
        return proxy.cutAfter(random.pick(["up", "down"]), random.between(1, 4_000));
      case "blackhole-up":
      case "blackhole-down": {
        const way = kind === "blackhole-up" ? "up" : "down";
        proxy.setWeather(way, { isBlackhole: true });
        // Longer than silence is borne, or shorter.
        return this.#later(random.between(1_000, 16_000), () => proxy.setWeather(way, { isBlackhole: false }));
      }
      case "throttle":
        proxy.setWeather("down", { bytesPerS: random.between(2_000, 20_000) });
        return this.#later(briefMs, () => proxy.setWeather("down", { bytesPerS: Infinity }));
      case "slow":
        for (const way of ["up", "down"] as const)
          proxy.setWeather(way, { delayMs: random.between(20, 300), jitterMs: 100 });
        return this.#later(briefMs, () => {
          for (const way of ["up", "down"] as const) proxy.setWeather(way, { delayMs: 0, jitterMs: 0 });
        });
    }
  }

  #strikeServer(kind: ServerFault): boolean {
    const node = this.#random.pick(this.#world.nodes);
    const { server } = node;
    if (server === undefined || this.#isTroubled) return false;
    this.#isTroubled = true;
    const over = (): void => void (this.#isTroubled = false);
    this.#recorder.fault(kind, server.name);
    if (kind === "server-stop") {
      this.#freeze(server, over);
      return true;
    }
    const awayMs = this.#random.between(0, 2_000);
    this.#do(async () => {
      await this.#world.endServer(node, kind === "server-kill" ? "kill" : "drain");
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      await this.#world.startServer(node);
      over();
    });
    return true;
  }

  #strikeStore(kind: string): boolean {
    if (this.#isTroubled) return false;
    const fault = this.#world.store?.faults[kind];
    if (fault === undefined) throw new Error(`${kind} befalls nothing here`);
    this.#isTroubled = true;
    const over = (): void => void (this.#isTroubled = false);
    this.#recorder.fault(kind, "store");
    const after = fault(this.#random, this.#longestStopMs);
    if (after instanceof Promise) this.#do(() => after.then(over));
    else
      this.#later(after.forMs, () => {
        after.undo();
        over();
      });
    return true;
  }

  #freeze(child: Pick<Child<never>, "freeze" | "thaw">, thawed: () => void): void {
    const stopMs = this.#random.between(1_000, this.#longestStopMs);
    child.freeze(stopMs);
    this.#later(stopMs, () => {
      child.thaw();
      thawed();
    });
  }

  #later(afterMs: number, undo: () => void): void {
    const run = (): void => {
      this.#undo.delete(run);
      undo();
    };
    this.#undo.set(run, setTimeout(run, afterMs));
  }

  #do(work: () => Promise<void>): void {
    const doing = work()
      .catch((error: unknown) => this.#failed(String(error)))
      .finally(() => this.#busy.delete(doing));
    this.#busy.add(doing);
  }
}
