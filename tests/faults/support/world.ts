// The processes of one run: servers that may come back at the same ports, and client processes, each behind proxies of its
// own, one to each server. Ends only what it started.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "@heddle/base/fakes";
import { TcpProxy } from "@heddle/testkit/process";
import { builtPrograms, type Programs } from "./build.ts";
import { Child } from "./child.ts";
import { engineCase, type EngineName } from "./engines.ts";
import type { FileRecorder } from "./history-file.ts";
import type { StoreProgram } from "./store.ts";
import { procsOf, type ClientConfig, type ClientCounts, type ClientTold, type ServerConfig } from "./programs.ts";

export interface WorldOptions {
  readonly folder: string;
  readonly engine: EngineName;
  readonly processCount: number;
  readonly clientsPerProcess: number;
  readonly isHeavy: boolean;
  readonly recorder: FileRecorder;
  readonly random: SeededRandom;
  /** A program ended without having been told to. */
  readonly failed: (why: string) => void;
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined;
}

/** One server, at the same port over all its runs. */
export interface Node {
  readonly name: string;
  port: number;
  run: number;
  /** Undefined while it is away. */
  server: Child<ServerConfig> | undefined;
}

/** One client process and its lines, one to each server. */
interface Place {
  readonly proxies: readonly TcpProxy[];
  config: ClientConfig;
  child: Child<ClientConfig>;
}

const tokenMs = 15_000;
const storeTriesMost = 5;
interface Configs {
  readonly server: ServerConfig;
  readonly clients: ClientConfig;
}
type Kind = keyof Configs;

export class World implements AsyncDisposable {
  readonly nodes: readonly Node[];
  readonly places: Place[] = [];
  readonly #options: WorldOptions;
  readonly #programs: Programs;
  /** Everything that was started and may still run. */
  readonly #children = new Set<Child<ServerConfig> | Child<ClientConfig>>();
  /** Servers that have listened: these may not end by themselves, whatever befalls their store. */
  readonly #listening = new Set<unknown>();
  /** Loaded and waiting. */
  readonly #spares = new Map<Kind, unknown>();
  #store: StoreProgram | undefined;
  #loaded = 0;
  #isOver = false;

  private constructor(options: WorldOptions, programs: Programs) {
    this.#options = options;
    this.#programs = programs;
    this.nodes = Array.from({ length: engineCase(options.engine).nodeCount }, (_, index) => {
      return { name: `s${index + 1}`, port: 0, run: 0, server: undefined };
    });
  }

  /** Undefined: the servers have no program beside them. */
  get store(): StoreProgram | undefined {
    return this.#store;
  }

  get ports(): readonly number[] {
    return this.nodes.map(({ port }) => port);
  }

  /** @throws {Error} when a program does not begin, or when the run is ended meanwhile */
  static async start(options: WorldOptions): Promise<World> {
    const { signal } = options;
    const programs = await builtPrograms();
    signal?.throwIfAborted();
    const world = new World(options, programs);
    signal?.addEventListener("abort", () => void world[Symbol.asyncDispose]());
    try {
      world.#store = await engineCase(options.engine).start?.(world.nodes.length);
      await Promise.all(world.nodes.map((node) => world.startServer(node)));
      const names = Array.from({ length: options.processCount }, (_, index) => `c${index + 1}`);
      world.places.push(...(await Promise.all(names.map((name) => world.#startPlace(name)))));
      await Promise.all(world.places.map(({ child }) => child.told("working")));
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it, again and again as a supervisor does where a store is a program: who cannot reach it in time ends. */
  async startServer(node: Node): Promise<void> {
    const triesMost = this.#store === undefined ? 1 : storeTriesMost;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#startOnce(node);
      } catch (error) {
        if (tries === triesMost || this.#isOver) throw error;
      }
    }
  }

  async #startOnce(node: Node): Promise<void> {
    const { folder, engine, random } = this.#options;
    const name = `${node.name}.${++node.run}`;
    const urls = this.#store?.urlsOf(this.nodes.indexOf(node)) ?? [];
    const store = { path: join(folder, "data"), urls };
    const server = this.#begin("server", name, { folder, name, port: node.port, engine, store, seed: random.u32() });
    node.server = server;
    node.port = (await server.told("listening")).port;
    this.#listening.add(server);
  }

  /** Kills a server, or lets it drain and end. */
  async endServer(node: Node, how: "kill" | "drain"): Promise<void> {
    const { server } = node;
    node.server = undefined;
    await (how === "kill" ? server?.kill() : server?.leave("SIGTERM"));
  }

  /** Kills a client process; it comes back as one that kept its positions. */
  async restartClients(place: Place): Promise<void> {
    const { recorder, random } = this.#options;
    await place.child.kill();
    for (const { proc, user } of procsOf(place.config)) recorder.record({ f: "proc", proc, user, is: "crashed" });
    place.config = { ...place.config, run: place.config.run + 1, seed: random.u32() };
    place.child = this.#startClients(place.config);
    await place.child.told("working");
  }

  calm(): void {
    for (const { child } of this.places) child.order("calm");
  }

  /** What every client process says of itself now. */
  tell(): Promise<readonly ClientTold[]> {
    return Promise.all(
      this.places.map(({ child }) => {
        const told = child.told("told");
        child.order("tell");
        return told;
      }),
    );
  }

  /** How many clients are online, those of frozen processes as they were. */
  get onlineCount(): number {
    const { folder } = this.#options;
    return this.places.reduce((sum, { config: { name, run } }) => {
      const said = readFileSync(join(folder, `${name}.${run}.counts`), "utf8");
      return sum + (JSON.parse(said) as ClientCounts).online;
    }, 0);
  }

  /** All clients leave. */
  async leave(): Promise<void> {
    await Promise.all(this.places.map(({ child }) => child.leave("leave")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#children].map((child) => child.kill()));
    const proxies = this.places.flatMap((place) => place.proxies);
    await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.#store?.[Symbol.asyncDispose]();
  }

  async #startPlace(name: string): Promise<Place> {
    const { folder, clientsPerProcess, isHeavy, random } = this.#options;
    const proxies = await Promise.all(this.ports.map((port) => TcpProxy.open({ port })));
    const config = {
      ...{ folder, name, isHeavy, tokenMs, run: 1, ports: proxies.map(({ port }) => port) },
      ...{ clientCount: clientsPerProcess, seed: random.u32() },
    };
    return { proxies, config, child: this.#startClients(config) };
  }

  #startClients(config: ClientConfig): Child<ClientConfig> {
    return this.#begin("clients", `${config.name}.${config.run}`, config);
  }

  /** Begins the program that was loaded for it, and loads the next. */
  #begin<K extends Kind>(kind: K, name: string, config: Configs[K]): Child<Configs[K]> {
    const child = (this.#spares.get(kind) as Child<Configs[K]> | undefined) ?? this.#load(kind);
    child.begin(name, config);
    this.#spares.set(kind, this.#load(kind));
    return child;
  }

  #load<K extends Kind>(kind: K): Child<Configs[K]> {
    const { folder } = this.#options;
    if (this.#isOver) throw new Error("the run is over");
    const failed = (why: string): void => {
      const mayEnd = kind === "server" && this.#store !== undefined && !this.#listening.has(child);
      if (!mayEnd) this.#options.failed(why);
    };
    const child: Child<Configs[K]> = new Child(this.#programs[kind], folder, `${kind}-${++this.#loaded}`, failed);
    this.#children.add(child as Child<ServerConfig>);
    void child.ended.then(() => this.#children.delete(child as Child<ServerConfig>));
    return child;
  }
}
