import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

const program = fileURLToPath(new URL("main.ts", import.meta.url));
/** With this seed a program is frozen first of all. */
const seed = 22;
const startMs = 180_000; // a machine that is busy with other tests loads slowly

/** `npm run faults` in a process group of its own, as a shell starts it. */
class FaultsRun implements Disposable {
  readonly keep = mkdtempSync(join(tmpdir(), "heddle-interrupt-"));
  readonly #child = spawn(
    process.execPath,
    ["--import", "tsx", program, "--engine=memory", `--seed=${seed}`, "--keep", this.keep],
    {
      ...{ detached: true, stdio: ["ignore", "pipe", "pipe"] },
    },
  );
  readonly ended = once(this.#child, "exit");
  said = "";

  constructor() {
    for (const output of [this.#child.stdout, this.#child.stderr])
      output?.on("data", (text: Buffer) => (this.said += String(text)));
  }

  get id(): number {
    if (this.#child.pid === undefined) throw new Error("it did not start");
    return this.#child.pid;
  }

  /** Waits until it has said this, or written it into the harness's history. */
  async until(what: string | RegExp): Promise<void> {
    const history = join(this.keep, `memory-${seed}`, "harness.jsonl");
    const written = (): string => (existsSync(history) ? readFileSync(history, "utf8") : "");
    await vi.waitFor(() => expect(this.said + written()).toMatch(what), { timeout: startMs, interval: 20 });
  }

  /** Waits until no process of its group is there, frozen ones and children of children included. */
  gone(): Promise<true> {
    const look = (): true => {
      if (this.#isThere()) throw new Error("something is left");
      return true;
    };
    return vi.waitFor(look, { timeout: 60_000, interval: 20 });
  }

  #isThere(): boolean {
    try {
      return process.kill(-this.id, 0);
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    if (this.#isThere()) process.kill(-this.id, "SIGKILL");
    rmSync(this.keep, { recursive: true });
  }
}

it("ends with 130 at Ctrl-C, and everything it started is gone, frozen or not", async () => {
  using run = new FaultsRun();
  await run.until(/"kind":"(server|client)-stop"/);
  process.kill(-run.id, "SIGINT"); // a terminal tells all of them
  expect(await run.ended).toEqual([130, null]);
  expect(await run.gone()).toBe(true);
});

it("leaves nothing behind when it is killed, not even what is frozen", async () => {
  using run = new FaultsRun();
  await run.until(/"kind":"(server|client)-stop"/);
  process.kill(run.id, "SIGKILL");
  expect(await run.gone()).toBe(true);
});

it("ends with 143 at SIGTERM while its programs are loaded, and they are gone", async () => {
  using run = new FaultsRun();
  await run.until("▸ memory");
  process.kill(run.id, "SIGTERM");
  expect(await run.ended).toEqual([143, null]);
  expect(await run.gone()).toBe(true);
});
