// A real Redis of a test's own: on a free port, in a folder of its own, killed, frozen and started again at will. Ends only what
// it started. Knows the machine's Redis and `redis-cli`, and nothing of what is kept in them.

import { execFile, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import { spawnBound } from "./bound-child.ts";

const runFile = promisify(execFile);
/** How long a server may take to answer its first PING. */
const startMs = 20_000;
const pollMs = 15;

export interface RedisServerOptions {
  /** Further lines of configuration, as arguments: `["--appendonly", "yes"]`. */
  readonly args?: readonly string[];
  /** Writes every command to disk before it is answered, so that `restart` finds the data again. Default false. */
  readonly isPersistent?: boolean;
  /** Runs as a Sentinel with this configuration. */
  readonly sentinelConfig?: string;
  /** Arguments `redis-cli` needs to get in, as `["--user", "ops", "--pass", "…"]`. */
  readonly cliArgs?: readonly string[];
  readonly clock?: Clock;
}

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** What it writes: data, configuration. */
  readonly folder: string;
  readonly #options: RedisServerOptions;
  readonly #clock: Clock;
  #process: ChildProcess | undefined;
  #said = "";

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
  }

  /** Starts a server and waits until it answers. @throws {Error} with what it said, when it does not */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "heddle-redis-"));
    const server = new RedisServer(await freePort(), folder, options);
    if (options.sentinelConfig !== undefined) await writeFile(join(folder, "sentinel.conf"), options.sentinelConfig);
    await server.#spawn();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Runs one command with `redis-cli`. @throws {Error} when it cannot be reached */
  async command(...args: readonly string[]): Promise<string> {
    const { cliArgs = [] } = this.#options;
    const all = ["-h", "127.0.0.1", "-p", `${this.port}`, "--no-auth-warning", ...cliArgs, ...args];
    return (await runFile("redis-cli", all, { timeout: startMs })).stdout.trim();
  }

  /** Ends it at once, frozen or not, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Stops it where it is: connections stay open and nothing answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Kills it if it runs, and starts it again on the same port. @param keepData  false: with an empty folder */
  async restart({ keepData = true }: { readonly keepData?: boolean } = {}): Promise<void> {
    await this.kill();
    if (!keepData) {
      for (const name of ["appendonlydir", "dump.rdb"])
        await rm(join(this.folder, name), { recursive: true, force: true });
    }
    await this.#spawn();
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #spawn(): Promise<void> {
    const { isPersistent = false, args = [], sentinelConfig } = this.#options;
    const appends = isPersistent ? ["yes", "--appendfsync", "always"] : ["no"];
    const server = ["--port", `${this.port}`, "--save", "", "--appendonly", ...appends, ...args];
    const own = sentinelConfig === undefined ? server : ["sentinel.conf", "--sentinel", "--port", `${this.port}`];
    // The same program under another name; Debian's `redis-tools` has it without starting a service of the system.
    const child = spawnBound("redis-check-rdb", [...own, "--bind", "127.0.0.1"], {
      ...{ name: "redis-server", cwd: this.folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-4_000)));
    child.once("error", (error) => (this.#said += error.message));
    child.once("exit", () => (this.#process = undefined));
    this.#process = child;
    await this.#answers(child);
  }

  async #answers(child: ChildProcess): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + startMs;
    while (this.#clock.monotonicMs() < untilMs && child.exitCode === null && child.pid !== undefined) {
      const answer = await this.command("ping").catch((error: unknown) => String(error));
      if (answer.startsWith("PONG") || answer.includes("NOPERM")) return;
      await new Promise<void>((run) => void this.#clock.after(pollMs, run));
    }
    throw new Error(
      `redis-server on port ${this.port} does not answer (Debian: apt-get install redis-tools):\n${this.#said}`,
    );
  }
}

/** A TCP port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((run) => probe.listen(0, "127.0.0.1", run));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((run) => void probe.close(() => run()));
  return port;
}
