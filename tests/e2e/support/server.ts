// The built playground as a process of its own, as `npm start` runs it: on a free port, with a folder that is thrown away.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const main = fileURLToPath(new URL("../../../examples/playground/dist/server/main.js", import.meta.url));
const startMs = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the program. */
export class ServerProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  /** @param program  another than the built one */
  constructor(env: Readonly<Record<string, string>>, program = main) {
    this.#child = spawn(process.execPath, [program], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (text: Buffer) => (this.#stdout += text.toString()));
    this.#child.stderr?.on("data", (text: Buffer) => (this.#stderr += text.toString()));
    this.ended = once(this.#child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** The address it prints. @throws {Error} with what it said, when it ends or does not print one in time */
  async url(): Promise<string> {
    const deadline = AbortSignal.timeout(startMs);
    let isOver = false;
    void this.ended.then(() => (isOver = true));
    for (;;) {
      const [url] = /http:\/\/\S+/.exec(this.#stdout) ?? [];
      if (url !== undefined) return url;
      if (deadline.aborted || isOver) {
        throw new Error(`the playground did not start:\n${this.#stdout}${this.#stderr}`);
      }
      await Promise.race([
        once(this.#child.stdout ?? this.#child, "data", { signal: deadline }).catch(() => undefined), // the deadline is looked at above
        this.ended,
      ]);
    }
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** A playground that can be killed and started again at the same address with the same key and messages. */
export class Playground implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #program: ServerProcess;

  private constructor(url: string, folder: string, env: Readonly<Record<string, string>>, program: ServerProcess) {
    this.url = url;
    this.folder = folder;
    this.#env = env;
    this.#program = program;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Playground> {
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    const program = new ServerProcess({ PORT: "0", PLAYGROUND_DATA: folder, ...env });
    return new Playground(await program.url(), folder, env, program);
  }

  /** As a crash: nothing is told to anybody. */
  async crash(): Promise<void> {
    await this.#program.kill("SIGKILL");
  }

  /** As Ctrl-C. */
  interrupt(): Promise<Ended> {
    return this.#program.kill("SIGINT");
  }

  /** Between a crash and a start: the key is kept, the messages are not. */
  loseLog(): Promise<void> {
    return rm(join(this.folder, "log"), { recursive: true });
  }

  async startAgain(): Promise<void> {
    this.#program = new ServerProcess({ ...this.#env, PORT: new URL(this.url).port, PLAYGROUND_DATA: this.folder });
    await this.#program.url();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}
