// Publishes on their way: numbered, serialised once, resent byte for byte.

import type { WirePos } from "@heddle/protocol";
import { LocalError } from "../errors.ts";
import type { ClientLimits } from "../options.ts";
import { tooLarge, type Sender } from "../requests/sender.ts";

export interface PublishOptions {
  /** Replaces or conflates by this key where the channel does so. UTF-8, 1…64 bytes. */
  readonly key?: string | undefined;
  /** Refused with `conflict` unless the channel still stands here. */
  readonly expect?: WirePos | undefined;
  /** Gives up: `aborted` when it was never sent, else `unknown-outcome`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gives up after this long, as `signal` does. Milliseconds; default: when repetitions are no longer recognised, and in an
   * outbox that outlives the page a day, at most thirty.
   */
  readonly deadlineMs?: number | undefined;
}

/** Where a publish was stored. */
export interface Published {
  /** Undefined for volatile events, and for a repetition whose place the server does not know any more. */
  readonly position: WirePos | undefined;
  /** `x:n`, as subscribers see it; undefined for volatile events. */
  readonly id: string | undefined;
  /** The server had it already: an earlier answer was lost. */
  readonly duplicate: boolean;
}

/**
 * Resolves when the channel's log has it, exactly once.
 *
 * @param value  serialised now; later changes do not matter
 * @throws {HeddleError} it was refused and is not in the log
 * @throws {LocalError} `backpressure`, `aborted`, `timeout`, `closed`, `user-changed`: never sent; `unknown-outcome`
 */
export type Publish = (
  ch: string,
  event: string,
  value: unknown,
  options: PublishOptions & WithBytes,
) => Promise<Published>;

/** A payload of bytes, as base64, instead of a value. */
export interface WithBytes {
  readonly b?: string | undefined;
}

export type Outbox = readonly [
  publish: Publish,
  /** The next number of this producer; calls share them. */
  number: () => number,
];

/**
 * @param lengthMax  what one frame may have
 * @param x          identity of this client's publishes
 */
export function newOutbox(
  [submit, pending]: Sender,
  { outboxCount, outboxBytes }: ClientLimits,
  lengthMax: () => number,
  x: () => string | undefined,
): Outbox {
  let last = 0;
  return [
    async (ch, e, d, { key, expect, signal, deadlineMs = Infinity, b }) => {
      const tail = `,${JSON.stringify({ ch, e, key, ex: expect, b, d }).slice(1)}`;
      const what = `publish to ${ch}`;
      const size = tail.length;
      const waiting = pending(true);
      const headLength = 120; // the longest `"t"`, `"r"`, `"n"`, `"pn"` and `"pid"` may be
      if (size + headLength > lengthMax()) throw tooLarge(what, size);
      if (waiting.length >= outboxCount || waiting.reduce((a, b) => a + b, size) > outboxBytes)
        throw new LocalError("backpressure", `${what}: ${waiting.length} wait`);
      const n = ++last;
      const frame = (r: number, pn: number): string => pubHead(r, n, pn) + tail;
      const { p, dup } = await submit(what, frame, true, deadlineMs, signal, ch, false, size, n);
      return { position: p, id: `${x()}:${n}`, duplicate: !!dup };
    },
    () => ++last,
  ];
}

/** How a publish begins as it is sent; what it says follows. */
export const pubHead = (r: number, n: number, pn: number): string => `{"t":"pub","r":${r},"n":${n},"pn":${pn}`;
