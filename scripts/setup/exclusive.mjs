// One set-up at a time: a lock file that a crashed owner cannot hold for ever.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Plain } from "../lib/output.mjs";

const touchEveryMs = 2_000;
const staleAfterMs = 15_000;
const waitMsMax = 15 * 60_000;

/**
 * Runs `work` while nobody else holds `lockPath`.
 *
 * @template T
 * @param {string} lockPath its folder is created
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Plain} when the folder cannot be written, or the lock stays taken for 15 minutes
 */
export async function exclusively(lockPath, work) {
  await acquire(lockPath);
  const touching = setInterval(() => utimesSync(lockPath, new Date(), new Date()), touchEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    rmSync(lockPath, { force: true });
  }
}

/** @param {string} lockPath */
async function acquire(lockPath) {
  const triedAtMs = Date.now();
  let isSaid = false;
  while (!take(lockPath)) {
    if (isStale(lockPath)) {
      rmSync(lockPath, { force: true });
      continue;
    }
    if (Date.now() - triedAtMs > waitMsMax)
      throw new Plain(`Another set-up is still running; if not, delete ${lockPath}.`);
    if (!isSaid) console.log("  another set-up is running, waiting for it");
    isSaid = true;
    await sleep(100);
  }
}

/** @param {string} lockPath */
function take(lockPath) {
  try {
    mkdirSync(dirname(lockPath), { recursive: true });
    writeFileSync(lockPath, String(process.pid), { flag: "wx" });
    return true;
  } catch (cause) {
    const code = /** @type {NodeJS.ErrnoException} */ (cause).code;
    if (code === "EEXIST") return false;
    if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
      throw new Plain(
        `The folder ${dirname(dirname(lockPath))} is not writable: give yourself the right or use another copy.`,
      );
    }
    throw cause;
  }
}

/**
 * The owner touches its file while it lives; a process id alone is not proof, numbers are used again.
 *
 * @param {string} lockPath
 */
function isStale(lockPath) {
  try {
    if (Date.now() - statSync(lockPath).mtimeMs > staleAfterMs) return true;
    const owner = Number(readFileSync(lockPath, "utf8"));
    // Empty while its owner is between creating and writing it.
    return owner > 0 && !isAlive(owner);
  } catch (cause) {
    if (/** @type {NodeJS.ErrnoException} */ (cause).code === "ENOENT") return false;
    throw cause;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return /** @type {NodeJS.ErrnoException} */ (cause).code === "EPERM";
  }
}
