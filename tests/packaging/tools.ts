// Runs programs, and packs and installs the packages in a folder of their own. No network: everything comes from this repository.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end. The environment is free of npm's and the tests' own variables. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...cleanEnv(), ...env },
      timeout: 110_000,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Like {@link run}, but a failure rejects with what the program printed. */
export async function mustRun(
  program: string,
  args: readonly string[],
  cwd: string,
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  const { code, output } = await run(program, args, cwd, env);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${output}`);
  return output;
}

export function cleanEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|VITEST|NODE_OPTIONS|NODE_ENV|VITE_)/i.test(name),
  );
  return Object.fromEntries(kept);
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** Folders of the packages that are published. */
export function publishedFolders(): string[] {
  return readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((folder) => readManifest(folder).private !== true);
}

export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "heddle-packaging-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Tarball {
  readonly name: string;
  /** What was packed. */
  readonly folder: string;
  readonly path: string;
  /** Paths inside, sorted. */
  readonly files: readonly string[];
}

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs folders with `npm pack`, in the order given. */
export async function pack(folders: readonly string[], to: string): Promise<Tarball[]> {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", to, ...folders];
  const printed = await mustRun("npm", args, root, { npm_config_loglevel: "error" });
  // A list in npm 11, an object by name in later ones.
  const packed = Object.values(JSON.parse(printed.slice(printed.search(/^[[{]/m))) as Record<string, Packed>);
  return folders.map((folder) => {
    const { name } = readManifest(folder);
    const found = packed.find((each) => each.name === name);
    if (found === undefined) throw new Error(`npm pack made no tarball of ${name}`);
    return { name, folder, path: join(to, found.filename), files: found.files.map(({ path }) => path).sort() };
  });
}

/** What the published packages need from elsewhere, and what that needs, as folders of this repository's installation. */
export function foreignFolders(extra: readonly string[]): string[] {
  const names = new Set<string>();
  const need = (name: string): void => {
    if (name.startsWith("@heddle/") || names.has(name)) return;
    names.add(name);
    needAll(join(root, "node_modules", name));
  };
  const needAll = (folder: string): void => Object.keys(readManifest(folder).dependencies ?? {}).forEach(need);
  extra.forEach(need);
  publishedFolders().forEach(needAll);
  return [...names].sort().map((name) => join(root, "node_modules", name));
}

/** Installs tarballs into an empty project, without a network. */
export async function install(tarballs: readonly Tarball[], into: string): Promise<void> {
  writeFileSync(join(into, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await mustRun("npm", ["install", ...flags, ...tarballs.map(({ path }) => path)], into);
}
