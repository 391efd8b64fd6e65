// What a log holds and how it is asked. Plain data; engines and the hub share it.

import type { Random } from "@heddle/base";
import type { Pos } from "@heddle/protocol";

/** One element of a channel's log. Entries are immutable and shared; nobody writes to `data`. */
export interface Entry {
  readonly pos: Pos;
  readonly prevOffset: number;
  /** Tag of the predecessor; 0 only where the engine has no `prevTag` trait. */
  readonly prevTag: number;
  /** A marker is chained but never delivered. */
  readonly type: "data" | "marker";
  /** `x:n` for clients' publishes, `s:…` for servers'. */
  readonly id: string;
  readonly event: string;
  /** Conflation key, "" for none. */
  readonly key: string;
  /** Store's wall clock, ms. Informative. */
  readonly ts: number;
  /** Publisher's user id, "" for none. */
  readonly user: string;
  /** W3C trace context, "" for none. */
  readonly traceparent: string;
  readonly kind: "json" | "bytes";
  /** JSON text in UTF-8 without raw newlines, or bytes. */
  readonly data: Uint8Array;
}

/** How long a channel's entries are kept: whichever limit is met first. */
export interface Keep {
  /** 1…100_000. */
  readonly entries: number;
  /** Milliseconds. */
  readonly ageMs: number;
}

/** How a repeated append is recognised; compared atomically with the append. */
export type Dedup =
  | { readonly by: "producer"; readonly x: string; readonly n: number; readonly prev: number; readonly hash: string }
  | { readonly by: "key"; readonly key: string; readonly hash: string };

/** An append. The tag comes from the appending node's CSPRNG, fresh per attempt. */
export interface Draft {
  readonly tag: number;
  /** Epoch for a log that has none yet. */
  readonly epochIfNone: string;
  readonly dedup: Dedup;
  /** Append only behind exactly this position. */
  readonly expect?: Pos;
  readonly keep: Keep;
  readonly id: string;
  readonly event: string;
  readonly key: string;
  readonly user: string;
  readonly traceparent: string;
  readonly kind: "json" | "bytes";
  readonly data: Uint8Array;
}

export type Appended =
  | { readonly s: "new"; readonly pos: Pos }
  /** Already there; `pos` is absent when no longer known. */
  | { readonly s: "dup"; readonly pos?: Pos }
  | { readonly s: "conflict"; readonly head: Pos }
  | { readonly s: "outOfOrder" }
  | { readonly s: "idReused" };

/**
 * A read. `after` excludes the entry at the position, `before` includes it (a position is the place behind its entry).
 * At most `limit` entries and about `bytes` of data, but always one entry if there is one. A store that may answer from
 * an older state answers from one that has reached `atLeast`, or from its newest.
 */
export type ReadQuery = { readonly limit: number; readonly bytes: number; readonly atLeast?: Pos } & (
  { readonly after: Pos } | { readonly before: Pos } | { readonly last: number }
);

export interface ReadResult {
  /** In log order. */
  readonly entries: readonly Entry[];
  readonly head: Pos;
  /** The position before the oldest retained entry. */
  readonly floor: Pos;
  /** Whether the range holds more than was returned. */
  readonly more: boolean;
  /**
   * Of the position asked about, decided on one consistent view: `linked` – it is on the log and its successor is
   * retained (or it is the head); `trimmed` – its successor is gone; `diverged` – it is not on this log.
   * With `before`, `trimmed` means nothing at or before it is retained. `last` is always `linked`.
   */
  readonly proof: "linked" | "trimmed" | "diverged";
}

/** The position before `entry`. */
export const positionBefore = (entry: Entry): Pos => ({
  epoch: entry.pos.epoch,
  offset: entry.prevOffset,
  tag: entry.prevTag,
});

/** A new log's epoch: 12 characters of base 36, two draws of 32 bits. */
export function freshEpoch(random: Random): string {
  return (random.u32().toString(36) + random.u32().toString(36)).padEnd(12, "0").slice(0, 12);
}
