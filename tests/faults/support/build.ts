// Makes one plain file of each program, once, so that starting it again costs no more than it costs a real server. What is
// installed stays outside and is found from where the files lie.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = import.meta.dirname;
const cache = fileURLToPath(new URL("../../../node_modules/.cache/heddle-faults/", import.meta.url));

/** Paths of the built programs, by kind. */
export interface Programs {
  readonly server: string;
  readonly clients: string;
  /** A server of the feed. */
  readonly feed: string;
}

let building: Promise<Programs> | undefined;

/** Builds them, unless this process did; they are gone with it. */
export const builtPrograms = (): Promise<Programs> => (building ??= buildPrograms());

async function buildPrograms(): Promise<Programs> {
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "programs-"));
  process.once("exit", () => rmSync(outDir, { recursive: true, force: true }));
  const input = {
    server: join(here, "server-program.ts"),
    clients: join(here, "client-program.ts"),
    feed: join(here, "feed", "node-program.ts"),
  };
  const output = { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" };
  await build({
    ...{ configFile: false, logLevel: "error", root: here },
    build: { ssr: true, outDir, target: "node20", minify: false, rolldownOptions: { input, output } },
  });
  const path = (kind: keyof Programs): string => join(outDir, `${kind}.mjs`);
  return { server: path("server"), clients: path("clients"), feed: path("feed") };
}
