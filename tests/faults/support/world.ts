// The processes of one run: a server that may come back at the same port, and client processes, each behind a proxy of
// its own. Ends only what it started.

import { join } from "node:path";
import type { SeededRandom } from "@heddle/base/fakes";
import { TcpProxy } from "@heddle/testkit/process";
import { Child } from "./child.ts";
import type { FileRecorder } from "./history-file.ts";
import { procsOf, type ClientConfig, type ClientTold, type EngineName, type ServerConfig } from "./programs.ts";

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
}

/** One client process and the line to the server. */
interface Place {
  readonly proxy: TcpProxy;
  config: ClientConfig;
  child: Child<ClientConfig>;
}

const tokenMs = 15_000;
const programs = { server: "server-program.ts", clients: "client-program.ts" } as const;
type Kind = keyof typeof programs;
interface Configs {
  readonly server: ServerConfig;
  readonly clients: ClientConfig;
}

export class World implements AsyncDisposable {
  port = 0;
  /** Undefined while it is away. */
  server: Child<ServerConfig> | undefined;
  readonly places: Place[] = [];
  readonly #options: WorldOptions;
  /** Everything that was started and may still run. */
  readonly #children = new Set<Child<ServerConfig> | Child<ClientConfig>>();
  /** Loaded and waiting. */
  readonly #spares = new Map<Kind, unknown>();
  #serverRuns = 0;
  #loaded = 0;
  #isOver = false;

  private constructor(options: WorldOptions) {
    this.#options = options;
  }

  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options);
    try {
      await world.startServer();
      const names = Array.from({ length: options.processCount }, (_, index) => `c${index + 1}`);
      world.places.push(...(await Promise.all(names.map((name) => world.#startPlace(name)))));
      await Promise.all(world.places.map(({ child }) => child.told("working")));
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startServer(): Promise<void> {
    const { folder, engine, random } = this.#options;
    const name = `server.${++this.#serverRuns}`;
    const config: ServerConfig = {
      folder,
      name,
      port: this.port,
      engine,
      data: join(folder, "data"),
      seed: random.u32(),
    };
    const server = this.#begin("server", name, config);
    this.server = server;
    this.port = (await server.told("listening")).port;
  }

  async killServer(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await server?.kill();
  }

  /** Lets the server drain and end. */
  async drainServer(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await server?.leave("SIGTERM");
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

  /** All clients leave. */
  async leave(): Promise<void> {
    await Promise.all(this.places.map(({ child }) => child.leave("leave")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#children].map((child) => child.kill()));
    await Promise.all(this.places.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
  }

  async #startPlace(name: string): Promise<Place> {
    const { folder, clientsPerProcess, isHeavy, random } = this.#options;
    const proxy = await TcpProxy.open({ port: this.port });
    const config = {
      ...{ folder, name, isHeavy, tokenMs, run: 1, port: proxy.port },
      ...{ clientCount: clientsPerProcess, seed: random.u32() },
    };
    return { proxy, config, child: this.#startClients(config) };
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
    const { folder, failed } = this.#options;
    if (this.#isOver) throw new Error("the run is over");
    const child = new Child<Configs[K]>(programs[kind], folder, `${kind}-${++this.#loaded}`, failed);
    this.#children.add(child as Child<ServerConfig>);
    void child.ended.then(() => this.#children.delete(child as Child<ServerConfig>));
    return child;
  }
}
