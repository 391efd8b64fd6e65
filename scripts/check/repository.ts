// The repository as the guards see it: a list of files with their text. Tests plant small ones of their own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "../lib/files.mjs";
import { readSource, type Source } from "./source.ts";

export interface Repository {
  /** Sorted, relative to the root, with `/` between parts. */
  readonly files: readonly string[];
  has(file: string): boolean;
  /** @throws when there is no such file */
  text(file: string): string;
  /** The parsed file; parsed once. */
  source(file: string): Source;
}

/** Reads files below `root` when they are asked for. */
export function openRepository(root: string): Repository {
  return repositoryOf(listFiles(root), (file) => readFileSync(join(root, file), "utf8"));
}

/** A repository of literal texts, for tests. */
export function planted(texts: Readonly<Record<string, string>>): Repository {
  return repositoryOf(Object.keys(texts).sort(), (file) => {
    const text = texts[file];
    if (text === undefined) throw new Error(`${file}: no such file`);
    return text;
  });
}

function repositoryOf(files: readonly string[], read: (file: string) => string): Repository {
  const known = new Set(files);
  const texts = new Map<string, string>();
  const sources = new Map<string, Source>();
  const text = (file: string): string => {
    const kept = texts.get(file);
    if (kept !== undefined) return kept;
    const fresh = read(file);
    texts.set(file, fresh);
    return fresh;
  };
  return {
    files,
    has: (file) => known.has(file),
    text,
    source(file) {
      const kept = sources.get(file);
      if (kept !== undefined) return kept;
      const fresh = readSource(file, text(file));
      sources.set(file, fresh);
      return fresh;
    },
  };
}

export function isCode(file: string): boolean {
  return /\.(?:[cm]?js|tsx?)$/.test(file);
}

/** Tests and what only they use may reach for tools and packages that the code beside them must not. */
export function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/src\/testing\//.test(file);
}

export function isPackageCode(file: string): boolean {
  return /^packages\/[^/]+\/src\//.test(file) && isCode(file);
}
