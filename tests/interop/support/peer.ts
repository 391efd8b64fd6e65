// Programs of other implementations: started with a port or asked for one, listened to line by line, ended in any case.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../peers/", import.meta.url));
const lifeMs = 15_000;

/** A language's way to run a program of `peers/`. */
export interface Peer {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const python = (name: string, file: string): Peer => ({ name, command: "/usr/bin/python3", args: [folder + file] });
const node = (name: string, file: string, ...flags: readonly string[]): Peer => ({
  ...{ name, command: process.execPath, args: [...flags, "--import", "tsx", folder + file] },
});

/** Node 20 has undici's WebSocket behind a flag that later ones no longer need. */
const webSocketFlags = typeof WebSocket === "undefined" ? ["--experimental-websocket", "--no-warnings"] : [];

export const peers = {
  ws: node("ws", "ws-peer.ts"),
  undici: node("undici (Node's own)", "undici-peer.ts", ...webSocketFlags),
  websockets: python("Python websockets", "websockets_peer.py"),
  aiohttp: python("Python aiohttp", "aiohttp_peer.py"),
} as const;

/** One run of a program. It is killed when the block is left, or when it has lived too long. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  #stderr = "";

  constructor({ name, command, args }: Peer, ...more: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, [...args, ...more], {
      ...{ stdio: ["ignore", "pipe", "pipe"], timeout: lifeMs, killSignal: "SIGKILL" },
    });
    this.#ended = once(this.#child, "close");
    this.#child.stderr?.on("data", (text: Buffer) => (this.#stderr += text.toString()));
    const stdout = this.#child.stdout;
    if (stdout === null) throw new Error("a child without a stdout");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** What it says next, as JSON. @throws {Error} with what it complained about, when it ends instead */
  async next(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done !== true) return JSON.parse(line.value) as unknown;
    await this.#ended;
    throw new Error(`${this.#name} ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.#stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
