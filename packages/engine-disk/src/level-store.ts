// The store on disk: LevelDB through classic-level, the one library of this package.

import { mkdir } from "node:fs/promises";
import { messageOf } from "@heddle/base";
import { EngineError } from "@heddle/hub/ports";
import { ClassicLevel } from "classic-level";
import type { KeyRange, KeyValue, KeyValueStore } from "./port.ts";

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** Values fetched from LevelDB at once. */
const fetched = 64;

/** Opens or creates the store in this folder. @throws {EngineError} `failed`, naming the folder and why */
export async function openLevelStore(path: string): Promise<KeyValueStore> {
  const level: Level = new ClassicLevel(path, { keyEncoding: "view", valueEncoding: "view" });
  try {
    await mkdir(path, { recursive: true });
    await level.open();
  } catch (error) {
    throw new EngineError("failed", `disk engine: ${path}: ${reasonOf(error)}`, { cause: error });
  }
  return new LevelStore(level);
}

function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  switch ((cause as { readonly code?: unknown }).code) {
    case "LEVEL_LOCKED":
      return "in use by another process, or by another engine of this one; one engine at a time can hold it";
    case "LEVEL_CORRUPTION":
      return `damaged (${messageOf(cause)}); put a copy from before in its place, or another folder`;
    default:
      return `cannot be opened (${messageOf(cause)})`;
  }
}

class LevelStore implements KeyValueStore {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#level.get(key);
  }

  async range({ from, to, limit, bytes = Infinity, reverse = false }: KeyRange): Promise<readonly KeyValue[]> {
    // LevelDB takes its view when the iterator is made, which is before the first await.
    const iterator = this.#level.iterator({ gte: from, lt: to, limit, reverse });
    try {
      const found: KeyValue[] = [];
      let size = 0;
      for (;;) {
        const some = await iterator.nextv(fetched);
        if (some.length === 0) return found;
        for (const [key, value] of some) {
          found.push({ key, value });
          size += value.length;
          if (size >= bytes) return found;
        }
      }
    } finally {
      await iterator.close();
    }
  }

  async write(...[changes, options]: Parameters<KeyValueStore["write"]>): Promise<void> {
    // One call for each change: cheaper by half than a list, each element of which the library copies first.
    const batch = this.#level.batch();
    for (const { key, value } of changes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    await batch.write(options);
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}
