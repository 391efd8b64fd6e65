import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complainAboutNode, nodeRange } from "../lib/node-range.mjs";
import { Plain, withoutNoise } from "../lib/output.mjs";
import { root } from "../lib/run.mjs";
import { leftovers } from "./build.mjs";
import { exclusively } from "./exclusive.mjs";
import { isInstalled } from "./install.mjs";
import { complainAboutSystem } from "./system.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-setup-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe("the check of Node", () => {
  it.each(["20.19.0", "20.20.2", "22.12.0", "22.13.1", "24.0.0"])("accepts %s", (version) => {
    expect(complainAboutNode(version)).toBeUndefined();
  });

  it.each(["18.20.0", "20.18.3", "21.7.0", "22.11.0"])("refuses %s in one sentence that names both", (version) => {
    const text = complainAboutNode(version);
    expect(text).toContain(version);
    expect(text).toContain(nodeRange);
  });

  it("uses the range of package.json", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };
    expect(manifest.engines.node).toBe(nodeRange);
  });
});

describe("npm's output", () => {
  it("loses what nobody can act on", () => {
    const noisy = [
      'npm warn Unknown user config "nodedir". This will stop working in the next major version of npm.',
      "npm warn install-scripts 1 package has install scripts not yet covered by allowScripts:",
      "npm warn install-scripts   esbuild@0.28.2 (postinstall: node install.js)",
      "npm notice New major version of npm available!",
      "",
      "added 79 packages in 7s",
    ];
    expect(withoutNoise(noisy.join("\n"))).toBe("");
  });

  it("keeps errors and warnings about the project", () => {
    const real =
      "npm error code EUSAGE\nnpm error `npm ci` can only install packages when…\nnpm warn EBADENGINE Unsupported";
    expect(withoutNoise(`npm notice x\n${real}\n`)).toBe(real);
  });
});

describe("the installed state", () => {
  const lock = (version: string): string =>
    JSON.stringify({
      packages: {
        "": { name: "root" },
        "node_modules/a": { version, integrity: `sha512-${version}` },
        "node_modules/other-platform": { version: "1.0.0", optional: true },
      },
    });

  it("is recognised from npm's own record", () => {
    write("package-lock.json", lock("1.0.0"));
    const record = { packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-1.0.0" } } };
    write("node_modules/.package-lock.json", JSON.stringify(record));
    expect(isInstalled(folder)).toBe(true);
  });

  it("is not taken for granted when a version differs, a package is absent or nothing is there", () => {
    write("package-lock.json", lock("2.0.0"));
    expect(isInstalled(folder)).toBe(false);
    write("node_modules/.package-lock.json", `{ "packages": {} }`);
    expect(isInstalled(folder)).toBe(false);
    const record = { packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-1.0.0" } } };
    write("node_modules/.package-lock.json", JSON.stringify(record));
    expect(isInstalled(folder)).toBe(false);
  });
});

describe("leftovers", () => {
  it("are built files whose source is gone", () => {
    write("packages/base/src/kept.ts", "");
    write("packages/base/src/page.tsx", "");
    for (const path of [
      "kept.js",
      "kept.d.ts",
      "kept.js.map",
      "page.js",
      "gone.js",
      "deep/gone.d.ts.map",
      ".tsbuildinfo",
    ]) {
      write(`packages/base/dist/${path}`, "");
    }
    expect(leftovers(folder)).toEqual(["packages/base/dist/deep/gone.d.ts.map", "packages/base/dist/gone.js"]);
  });
});

describe("the lock of set-ups", () => {
  it("lets one run after the other and is gone afterwards", async () => {
    const lock = join(folder, ".setup", "lock");
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
    };
    await Promise.all([exclusively(lock, work("a")), exclusively(lock, work("b"))]);
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
    await exclusively(lock, work("c"));
  });

  it("is freed when the work fails", async () => {
    const lock = join(folder, ".setup", "lock");
    const failing = exclusively(lock, () => Promise.reject(new Plain("no")));
    await expect(failing).rejects.toThrow("no");
    await expect(exclusively(lock, () => Promise.resolve(1))).resolves.toBe(1);
  });

  it("is taken over from an owner that died, by its number or by its silence", async () => {
    const lock = join(folder, ".setup", "lock");
    write(".setup/lock", "999999999");
    await expect(exclusively(lock, () => Promise.resolve("dead"))).resolves.toBe("dead");
    write(".setup/lock", String(process.pid));
    utimesSync(lock, 0, 0);
    await expect(exclusively(lock, () => Promise.resolve("silent"))).resolves.toBe("silent");
  });
});

describe("the system's packages", () => {
  it("are asked for with the exact command when one is missing", () => {
    expect(complainAboutSystem(() => true)).toBeUndefined();
    expect(complainAboutSystem(() => false)).toContain("npm run setup:system");
    const without = (word: string) => complainAboutSystem((path) => !path.includes(word));
    expect(without("chromium")).toMatch(/need \/usr\/bin\/chromium, not found/);
    expect(without("aiohttp")).toMatch(/need \S+\/aiohttp\/__init__\.py, not found/);
    expect(without("websockets")).toContain(
      "apt-get install chromium haproxy nginx python3-aiohttp python3-websockets",
    );
    expect(without("redis")).toMatch(/need \/usr\/bin\/redis-check-rdb, not found.*redis-tools\)/);
  });
});
