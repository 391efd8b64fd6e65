// The port to where publishes and positions outlive a page or process, and what can be wrong with it. Knows records only as
// text under keys.

import { CodedError } from "@heddle/base";

/** One record. */
export type Row = readonly [key: string, text: string];
/** Replaces a record, or removes it. */
export type Change = readonly [key: string, text: string | undefined];

export interface Opened {
  readonly rows: readonly Row[];
  /** Records that are there and cannot be read. */
  readonly corruptCount: number;
}

export interface Store {
  /** Becomes the only user of these records, and reads them all. Undefined: somebody else is. Rejects when it cannot. */
  open(): Promise<Opened | undefined>;
  /** All or nothing. When it resolves, the changes outlive this page or process; when it rejects, none of them is there. */
  write(changes: readonly Change[]): Promise<void>;
  /** Lets somebody else be the user. */
  close(): Promise<void>;
}

/**
 * What the application should know and nobody has to act on: `locked`: another page or process has the store ·
 * `unreadable`: it could not be opened (in both cases nothing outlives this run) · `corrupt`: a record made no sense and was
 * left out · `write-failed`: what was to be kept lives in memory alone for now.
 */
export type StoreCode = "locked" | "unreadable" | "corrupt" | "write-failed";

export class StoreError extends CodedError<StoreCode> {
  constructor(code: StoreCode, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}

/** Writes: resolves with whether it succeeded, never rejects. */
export type Write = (changes: readonly Change[]) => Promise<boolean>;

/**
 * Writes what comes within a turn in one go, one write at a time. When that fails each part is tried alone, so that one
 * record too many does not cost the others. What could not be removed is removed with a later write.
 */
export function newWriter(store: Store, failed: (cause: unknown) => void): Write {
  type Part = readonly [changes: readonly Change[], done: (isWritten: boolean) => void];
  let waiting: Part[] = [];
  let isBusy = false;
  const owed = new Set<string>();

  const attempt = async (changes: readonly Change[]): Promise<boolean> => {
    if (changes.length + owed.size === 0) return true;
    for (const [key] of changes) owed.delete(key);
    const removals = [...owed].map((key): Change => [key, undefined]);
    try {
      await store.write([...removals, ...changes]);
      for (const [key] of removals) owed.delete(key);
      return true;
    } catch (cause) {
      for (const [key, text] of changes) if (text === undefined) owed.add(key);
      failed(cause);
      return false;
    }
  };

  const run = async (): Promise<void> => {
    isBusy = true;
    await Promise.resolve(); // what else this turn writes
    while (waiting.length > 0) {
      const parts = waiting;
      waiting = [];
      const isWritten = await attempt(parts.flatMap(([changes]) => changes));
      for (const [changes, done] of parts) done(isWritten || (parts.length > 1 && (await attempt(changes))));
    }
    isBusy = false;
  };

  return (changes) =>
    new Promise((done) => {
      waiting.push([changes, done]);
      if (!isBusy) void run();
    });
}
