import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cleanEnv,
  foreignFolders,
  install,
  makeFolder,
  mustRun,
  pack,
  publishedFolders,
  readManifest,
  root,
  type Tarball,
} from "./tools.ts";

const folder = makeFolder();
const app = join(folder.path, "app");
let tarballs: readonly Tarball[] = [];

beforeAll(async () => {
  tarballs = await pack(publishedFolders(), folder.path);
});
afterAll(() => folder.remove());

describe("each tarball", () => {
  it("exists for every package that is not private", () => {
    expect(tarballs.map(({ name }) => name)).toEqual(publishedFolders().map((each) => readManifest(each).name));
  });

  it("holds built files, a README and the license, and nothing else", () => {
    for (const { name, files } of tarballs) {
      const others = files.filter((file) => !/^dist\/.+\.(?:js|d\.ts)(?:\.map)?$/.test(file));
      expect({ name, others }).toEqual({ name, others: ["LICENSE", "README.md", "package.json"] });
    }
  });

  it("holds no tests and no test support", () => {
    const found = tarballs.flatMap(({ files }) => files.filter((file) => /\.test\.|\/testing\//.test(file)));
    expect(found).toEqual([]);
  });

  it("holds every file its exports name, but for the sources", () => {
    for (const { name, files, folder: from } of tarballs) {
      const wanted = targetsOf(readManifest(from).exports);
      expect(wanted.length).toBeGreaterThan(0);
      expect({ name, missing: wanted.filter((file) => !files.includes(file)) }).toEqual({ name, missing: [] });
    }
  });

  it("has the repository's license, version and range of Node, and depends on its siblings in that version", () => {
    const { version, engines } = readManifest(root);
    for (const each of publishedFolders()) {
      const manifest = readManifest(each);
      expect(manifest).toMatchObject({ version, engines, license: "MIT", type: "module" });
      const siblings = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith("@heddle/"));
      expect(siblings.filter(([, wanted]) => wanted !== version)).toEqual([]);
      expect(readFileSync(join(each, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
    }
  });
});

describe("a stranger's project", () => {
  beforeAll(async () => {
    const foreign = await pack(foreignFolders(["zod"]), folder.path);
    mkdirSync(app);
    await install([...tarballs, ...foreign], app);
    for (const file of readdirSync(join(root, "examples/embed"))) {
      if (file.endsWith(".ts")) copyFileSync(join(root, "examples/embed", file), join(app, file));
    }
    writeFileSync(join(app, "tsconfig.json"), JSON.stringify(strangersTsconfig));
  });

  it("compiles the README's code against the published types, strictly and with library checks", async () => {
    await mustRun(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], app);
    expect(readdirSync(app)).toContain("server.js");
  });

  it("refuses an event the contract does not know", async () => {
    const code = readFileSync(join(app, "client.ts"), "utf8").replace('publish("message"', 'publish("massage"');
    writeFileSync(join(app, "client-wrong.ts"), code);
    const compiling = mustRun(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-p", ".", "--noEmit"],
      app,
    );
    await expect(compiling).rejects.toThrow(/client-wrong\.ts.*"massage"/s);
  });

  it("runs the server and the Node client, and sees the typed message", async () => {
    const env = { ...cleanEnv(), HEDDLE_SECRET: "a secret for this test, 32 bytes long", PORT: "0" };
    const server = spawn(process.execPath, ["server.js"], { cwd: app, env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<number | null>((resolve) => server.once("exit", resolve));
    try {
      const url = await firstMatch(server.stdout, /listening at http:\/\/(\S+)/);
      const printed = await mustRun(process.execPath, ["client.js"], app, {
        ...env,
        HEDDLE_URL: `ws://${url}/realtime`,
      });
      expect(printed).toMatch(/^ada: hello$/m);
      expect(printed).toMatch(/^stored at \[ '[\w-]+', 1, \d+ \]$/m);
      expect(printed).toMatch(/^rolled [1-6]$/m);
      server.kill("SIGTERM");
      expect(await ended).toBe(0);
    } finally {
      server.kill("SIGKILL");
    }
  });
});

describe("the browser's bundle", () => {
  let sizes: readonly { gzipBytes: number; gzipBytesMax?: number; modules: string[] }[] = [];
  beforeAll(async () => {
    const printed = await mustRun(process.execPath, ["--import", "tsx", "scripts/size.ts", "--json"], root);
    sizes = JSON.parse(printed) as typeof sizes;
  });

  it("stays within its budgets and brings no schema library, no contract and no server code", () => {
    const mayHold = /^packages\/(?:base|client|protocol)\/dist\/(?!contract\/)/;
    expect(sizes.filter(({ gzipBytesMax }) => gzipBytesMax)).toHaveLength(2);
    for (const { gzipBytes, gzipBytesMax = Infinity, modules } of sizes) {
      expect(gzipBytes).toBeGreaterThan(1_000);
      expect(gzipBytes).toBeLessThanOrEqual(gzipBytesMax);
      expect(modules.filter((path) => !mayHold.test(path))).toEqual([]);
    }
  });

  it("holds presence, history and answers to questions only where they are imported", () => {
    const optional = /\/(?:presence|history|asks)\.js$/;
    const [smallest, whole] = sizes.map(({ modules }) => modules.filter((path) => optional.test(path)));
    expect(smallest).toEqual([]);
    expect(whole).toHaveLength(3);
  });
});

const strangersTsconfig = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  },
};

/** Files named by `exports`, over all conditions but the one for sources. */
function targetsOf(exports: unknown): string[] {
  if (typeof exports === "string") return [exports.replace(/^\.\//, "")];
  if (typeof exports !== "object" || exports === null) return [];
  return Object.entries(exports).flatMap(([key, value]) => (key === "heddle-source" ? [] : targetsOf(value)));
}

function firstMatch(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    stream.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      const found = pattern.exec(seen)?.[1];
      if (found !== undefined) resolve(found);
    });
    stream.once("end", () => reject(new Error(`the program ended without ${pattern}: ${seen}`)));
  });
}
