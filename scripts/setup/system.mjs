// What npm cannot bring: a browser, a Redis, load balancers, and the WebSocket implementations of another language.
import { existsSync } from "node:fs";
import { Plain, step } from "../lib/output.mjs";
import { run } from "../lib/run.mjs";

/** Debian packages the tests need, and a file each puts in its place. */
const landmarks = {
  chromium: "/usr/bin/chromium",
  haproxy: "/usr/sbin/haproxy",
  nginx: "/usr/sbin/nginx",
  "python3-aiohttp": "/usr/lib/python3/dist-packages/aiohttp/__init__.py",
  "python3-websockets": "/usr/lib/python3/dist-packages/websockets/__init__.py",
  // The server itself is in it under this name; the package `redis-server` would start one as a service.
  "redis-tools": "/usr/bin/redis-check-rdb",
};

export const systemPackages = Object.keys(landmarks);

/**
 * @param {(path: string) => boolean} [isThere]
 * @returns {string | undefined} what is missing and the command that brings it
 */
export function complainAboutSystem(isThere = existsSync) {
  const missing = Object.values(landmarks).filter((path) => !isThere(path));
  if (missing.length === 0) return undefined;
  return `The browser, Redis, deployment and interoperability tests need ${missing.join(" and ")}, not found: run "npm run setup:system" (Debian: apt-get install ${systemPackages.join(" ")}).`;
}

/**
 * Makes sure the system packages are there. Installs them with apt-get only when `mayInstall` says so.
 *
 * @param {{ mayInstall: boolean }} options
 * @throws {Plain} naming what is missing and the command to run
 */
export async function setupSystem({ mayInstall }) {
  const complaint = complainAboutSystem();
  if (complaint === undefined) return;
  if (!mayInstall) throw new Plain(complaint);
  await step(`system packages installed (${systemPackages.join(", ")})`, async () => {
    const isRoot = process.getuid?.() === 0;
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...systemPackages]]) {
      const { code, output } = isRoot
        ? await run("apt-get", args, { env })
        : await run("sudo", ["--non-interactive", "apt-get", ...args], { env });
      if (code !== 0)
        throw new Plain(`apt-get ${args.join(" ")} failed:\n${output.trimEnd().split("\n").slice(-12).join("\n")}`);
    }
  });
  const after = complainAboutSystem();
  if (after !== undefined) throw new Plain(after);
}
