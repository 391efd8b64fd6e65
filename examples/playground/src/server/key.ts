// The key that signs tokens. It lives in a file, so that who is signed in stays so over a restart.

import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "./settings.ts";

const keyBytes = 32;

/**
 * The key in `folder`, made on first use and readable by its owner alone.
 *
 * @throws {StartError} when the folder cannot be written or the file holds something else
 */
export async function loadKey(folder: string): Promise<Uint8Array> {
  const path = join(folder, "key");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = await readKey(path);
    if (kept !== undefined) return kept;
    // `wx`: when two starts race, the first one's key stays and the second reads it.
    await writeFile(path, `${randomBytes(keyBytes).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
    await chmod(path, 0o600);
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (codeOf(error) !== "EEXIST") {
      throw new StartError(
        `The signing key cannot be kept in ${folder} (${codeOf(error)}); set PLAYGROUND_DATA to a folder that can be written.`,
        error,
      );
    }
  }
  const made = await readKey(path);
  if (made === undefined) throw new StartError(`The signing key ${path} vanished while starting.`);
  return made;
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    const key = Buffer.from((await readFile(path, "utf8")).trim(), "base64url");
    if (key.length >= keyBytes) return key;
    throw new StartError(
      `${path} holds ${key.length} bytes of a key, ${keyBytes} are wanted; delete it to get a new one.`,
    );
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
