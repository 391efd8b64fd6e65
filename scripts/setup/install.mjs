// Brings node_modules to what package-lock.json says, and does nothing when it is there already.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, readIfThere } from "../lib/files.mjs";
import { Plain, step, withoutNoise } from "../lib/output.mjs";
import { npm } from "../lib/run.mjs";

/**
 * Installs when the lock file or the platform differs from what was installed last.
 *
 * @param {string} root
 * @returns {Promise<boolean>} whether something was installed
 * @throws {Plain} with npm's own words when the installation fails
 */
export async function install(root) {
  const wanted = `${digestOf(root, ["package-lock.json"])} ${process.platform}-${process.arch}\n`;
  const stampPath = join(root, "node_modules", ".setup");
  if (readIfThere(stampPath) === wanted) return false;
  if (isInstalled(root)) {
    writeFileSync(stampPath, wanted);
    return false;
  }
  await step("dependencies installed (npm ci)", async () => {
    // No dependency needs its install script; not running any keeps strangers' code out of the set-up.
    const { code, output } = await npm(["ci", "--ignore-scripts"], { cwd: root });
    const said = withoutNoise(output);
    if (code !== 0) throw new Plain(`npm ci failed:\n${said}`);
    if (said !== "") console.log(said);
    writeFileSync(stampPath, wanted);
  });
  return true;
}

/**
 * Whether npm's own record of node_modules agrees with the lock file, as after a manual `npm ci`.
 *
 * @param {string} root
 * @returns {boolean}
 */
export function isInstalled(root) {
  const lock = readIfThere(join(root, "package-lock.json"));
  const record = readIfThere(join(root, "node_modules", ".package-lock.json"));
  if (lock === undefined || record === undefined) return false;
  const wanted = packagesOf(lock);
  const present = packagesOf(record);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const there = present[path];
    // Optional packages are mostly binaries for other platforms.
    if (there === undefined) return entry.optional === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

/**
 * @param {string} lock text of a lock file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function packagesOf(lock) {
  return /** @type {{ packages: ReturnType<typeof packagesOf> }} */ (JSON.parse(lock)).packages;
}
