// The one thing npm cannot bring: a browser for the browser tests.
import { existsSync } from "node:fs";
import { Plain, step } from "../lib/output.mjs";
import { run } from "../lib/run.mjs";

/** Where Debian's package `chromium` puts the browser. */
export const chromiumPath = "/usr/bin/chromium";

/** Debian packages the tests need. */
export const systemPackages = ["chromium"];

/**
 * @param {(path: string) => boolean} [isThere]
 * @returns {string | undefined} what is missing and the command that brings it
 */
export function complainAboutSystem(isThere = existsSync) {
  if (isThere(chromiumPath)) return undefined;
  return `The browser tests need ${chromiumPath}, which is missing: run "npm run setup:system" (Debian: apt-get install ${systemPackages.join(" ")}).`;
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
