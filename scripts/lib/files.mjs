// Walks the repository's files and digests them. Folders that are made, not written, are never entered.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const made = new Set(["node_modules", "dist", ".git", ".setup", ".data", "coverage", "test-results"]);

/**
 * Lists files below `folder`, sorted, with `/` between the parts of a path.
 *
 * @param {string} base the paths are relative to it
 * @param {string} [folder] where to begin, relative to `base`
 * @returns {string[]} empty when the folder does not exist
 */
export function listFiles(base, folder = "") {
  /** @type {string[]} */
  const found = [];
  /** @type {import("node:fs").Dirent[]} */
  let entries;
  try {
    entries = readdirSync(join(base, folder), { withFileTypes: true });
  } catch (cause) {
    if (/** @type {NodeJS.ErrnoException} */ (cause).code === "ENOENT") return found;
    throw cause;
  }
  for (const entry of entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!made.has(entry.name)) found.push(...listFiles(base, path));
    } else if (entry.isFile() && !entry.name.endsWith(".tsbuildinfo")) found.push(path);
  }
  return found.sort();
}

/**
 * @param {string} base
 * @param {readonly string[]} paths relative to `base`
 * @returns {string} one digest over names and contents; the order of `paths` counts
 */
export function digestOf(base, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = readFileSync(join(base, path));
    hash.update(`${path}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string | undefined} the file's text; undefined when there is no such file
 */
export function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (/** @type {NodeJS.ErrnoException} */ (cause).code === "ENOENT") return undefined;
    throw cause;
  }
}
