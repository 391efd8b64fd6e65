// A load balancer as deploy/ describes it, with this test's addresses in place of the recipe's, and nothing else changed.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnBound } from "@heddle/testkit/process";

export const kinds = ["nginx", "haproxy"] as const;
export type Kind = (typeof kinds)[number];

export interface BalancerOptions {
  readonly kind: Kind;
  /** Of the three nodes. */
  readonly ports: readonly number[];
  /** Silence after which it ends a connection. Default: the recipe's. Seconds. */
  readonly idleS?: number;
  /** Other changes of the recipe: what stands there, and what is to stand there instead. */
  readonly edits?: readonly (readonly [from: string, to: string])[];
}

const recipes: Readonly<Record<Kind, string>> = { nginx: "nginx.conf", haproxy: "haproxy.cfg" };
const startMs = 10_000;

export class Balancer implements AsyncDisposable {
  /** For WebSockets. */
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.url = `ws://127.0.0.1:${port}/realtime`;
    this.#process = process;
    this.#folder = folder;
  }

  static async start({ kind, ports, idleS, edits = [] }: BalancerOptions): Promise<Balancer> {
    const folder = mkdtempSync(join(tmpdir(), "heddle-balancer-"));
    const port = await freePort();
    let text = readFileSync(new URL(`../../../deploy/${recipes[kind]}`, import.meta.url), "utf8");
    const put = (from: string | RegExp, to: string): void => {
      const changed = text.replaceAll(from, to);
      if (changed === text) throw new Error(`${recipes[kind]} has no ${String(from)}`);
      text = changed;
    };
    for (const [index, node] of ports.entries()) put(`node${index + 1}.internal:7070`, `127.0.0.1:${node}`);
    if (kind === "nginx") {
      put("listen 80", `listen 127.0.0.1:${port}`);
      const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      put("http {\n", `http {\n${kinds.map((name) => `  ${name}_temp_path ${folder}/${name};\n`).join("")}`);
      if (idleS !== undefined) put(/_timeout 60s;/g, `_timeout ${idleS}s;`);
    } else {
      put("bind :80", `bind 127.0.0.1:${port}`);
      put("maxconn 200000", "maxconn 2000"); // the machine's limit of open files may be below that
      if (idleS !== undefined) put(/timeout (client|server|tunnel) 60s/g, `timeout $1 ${idleS}s`);
    }
    for (const [from, to] of edits) put(from, to);
    const file = join(folder, recipes[kind]);
    writeFileSync(file, text);
    const args =
      kind === "nginx"
        ? ["-c", file, "-p", folder, "-e", "stderr", "-g", `daemon off; pid ${folder}/pid;`]
        : ["-db", "-f", file];
    const process = spawnBound(kind, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    process.stderr?.on("data", (part: Buffer) => (said += part.toString()));
    const failed = once(process, "exit").then(([code]) => {
      throw new Error(`${kind} ended with ${String(code)}: ${said}`);
    });
    await Promise.race([reached(port), failed]);
    failed.catch(() => undefined); // later it ends because it is told to
    return new Balancer(port, process, folder);
  }

  /** For the HTTP transport. */
  get httpUrl(): string {
    return this.url.replace("ws:", "http:");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function reached(port: number): Promise<void> {
  const beganMs = performance.now();
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    if (performance.now() - beganMs > startMs) throw new Error(`nobody listens on ${port}`);
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}
