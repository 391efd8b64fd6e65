// Questions to the server: calls, history, presence, a fresh token.

import type { AuthFrame, CallFrame, HistoryFrame, OkFrame, PartFrame, PresenceFrame } from "@heddle/protocol";
import type { Loose } from "../connection/send.ts";
import { LocalError } from "../errors.ts";
import type { Sender } from "./sender.ts";

export interface AskOptions {
  /** Ends the wait. A call is cancelled at the server too. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait, time without a connection included. Milliseconds, 1…600_000, default 30_000. */
  readonly timeoutMs?: number | undefined;
}

/** A frame that is answered by `ok` or `err`, without its number. */
export type Asking = Loose<
  Omit<CallFrame, "r"> | Omit<HistoryFrame, "r"> | Omit<PresenceFrame, "r"> | Omit<AuthFrame, "r">
>;

/**
 * Asks and waits. After a lost connection it is asked again if `isRepeatable`. `part` gets what comes before the answer.
 *
 * @throws {HeddleError} the server's refusal
 * @throws {LocalError} `timeout`, `aborted`, `unknown-outcome`, `backpressure`, `closed`, `user-changed`
 */
export type Ask = (
  asking: Asking,
  options?: AskOptions,
  isRepeatable?: boolean,
  part?: (part: PartFrame, cost: number) => void,
) => Promise<OkFrame>;

export const callMs = 30_000;

export const newAsk =
  ([submit, pending]: Sender, countMax: number): Ask =>
  async (asking, { signal, timeoutMs = callMs } = {}, isRepeatable = true, part) => {
    const t = `${asking.t}`;
    const isCall = t === "call";
    if (pending(false).length >= countMax) throw new LocalError("backpressure", `${t}: ${countMax} wait`);
    return submit(
      t,
      (r, _, leftMs) => ({ r, ms: isCall ? Math.max(1, leftMs) : undefined, ...asking }),
      isRepeatable,
      timeoutMs,
      signal,
      asking.t === "presence" ? `presence ${asking.ch}` : undefined,
      isCall,
      0,
      undefined,
      part,
    );
  };
