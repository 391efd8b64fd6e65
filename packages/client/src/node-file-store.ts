// The store in Node: a journal of changes, one line for what belongs together, and beside it a file that says which process
// has it.

import { Buffer } from "node:buffer";
import { open, readFile, rename, unlink, writeFile, type FileHandle } from "node:fs/promises";
import process from "node:process";
import type { Change, Opened, Store } from "./kept/store.ts";

/** The journal is written anew when what is out of date in it takes more than this. Bytes. */
const wasteBytesMax = 4_194_304;

/**
 * Records in one file; its folder must exist. A change survives the process and the machine.
 *
 * One process has it at a time, as `<path>.lock` says. A lock whose process is gone is taken over, and so is one with this
 * process's own number, which a container's next run may have too: so do not open one file twice in a process.
 */
export function fileStore({ path }: { readonly path: string }): Store {
  const lockPath = `${path}.lock`;
  let rows = new Map<string, string>();
  let file: FileHandle | undefined;
  /** Length of what was written whole. */
  let bytes = 0;

  /** Writes the journal anew, with nothing out of date in it. */
  const compact = async (): Promise<void> => {
    const fresh = `${path}.new`;
    const line = Buffer.from(lineOf([...rows]));
    const next = await open(fresh, "w", 0o600);
    try {
      await writeAll(next, line, 0);
      await next.datasync();
      await rename(fresh, path);
    } catch (cause) {
      await next.close();
      throw cause;
    }
    const old = file;
    file = next;
    bytes = line.length;
    await old?.close();
  };

  const close = async (): Promise<void> => {
    await file?.close();
    file = undefined;
    await unlink(lockPath);
  };

  return {
    async open() {
      if (!(await lock(lockPath))) return undefined;
      try {
        const opened = readJournal(await textOf(path));
        rows = new Map(opened.rows);
        await compact();
        return opened;
      } catch (cause) {
        await close();
        throw cause;
      }
    },
    async write(changes) {
      if (!file) throw new Error("the store is closed");
      const line = Buffer.from(lineOf(changes));
      try {
        await writeAll(file, line, bytes);
        await file.datasync();
      } catch (cause) {
        // What cannot be taken back ends this store: it must not be found by the next run.
        await file.truncate(bytes).catch(() => (file = undefined));
        throw cause;
      }
      bytes += line.length;
      apply(rows, changes);
      const liveBytes = [...rows].reduce((sum, [key, text]) => sum + key.length + text.length, 0);
      if (bytes - liveBytes > wasteBytesMax) await compact().catch(() => undefined); // it is only longer than need be
    },
    close,
  };
}

async function writeAll(file: FileHandle, line: Buffer, at: number): Promise<void> {
  for (let done = 0; done < line.length;) {
    const { bytesWritten } = await file.write(line, done, line.length - done, at + done);
    done += bytesWritten;
  }
}

/** A record that is removed has no second element. */
const lineOf = (changes: readonly Change[]): string =>
  `${JSON.stringify(changes.map(([key, text]) => (text === undefined ? [key] : [key, text])))}\n`;

/** Without the last line if it has no end: then it was never said to be written. */
function readJournal(text: string): Opened {
  const rows = new Map<string, string>();
  let corruptCount = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    const changes = changesOf(line);
    if (changes) apply(rows, changes);
    else corruptCount++;
  }
  return { rows: [...rows], corruptCount };
}

function changesOf(line: string): readonly Change[] | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return Array.isArray(value) && value.every(isChange) ? value : undefined;
  } catch {
    return undefined; // damaged: counted by the caller
  }
}

function isChange(value: unknown): value is Change {
  if (!Array.isArray(value)) return false;
  const [key, text] = value as unknown[];
  return typeof key === "string" && (text === undefined || typeof text === "string");
}

function apply(rows: Map<string, string>, changes: readonly Change[]): void {
  for (const [key, text] of changes) {
    if (text === undefined) rows.delete(key);
    else rows.set(key, text);
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return "";
    throw cause;
  }
}

/** @returns whether this process has it now */
async function lock(path: string): Promise<boolean> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(path, String(process.pid), { flag: "wx", mode: 0o600 });
      return true;
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cause;
    }
    const holder = Number.parseInt(await textOf(path), 10);
    if (holder !== process.pid && isAlive(holder)) return false;
    await unlink(path).catch(() => undefined); // somebody else took it over: the next try says who
  }
  return false;
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === "EPERM";
  }
}

const codeOf = (cause: unknown): unknown => (cause as { readonly code?: unknown }).code;
