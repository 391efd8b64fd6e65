// An outbox and positions that outlive the page or process: opened before the client is made, handed to it as an option.

import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import type { WelcomeFrame, WirePos } from "@heddle/protocol";
import { newEmitter, throwLater, type Off } from "../emitter.ts";
import { LocalError, type HeddleError } from "../errors.ts";
import { resolveLimits } from "../options.ts";
import { ports, type KeptPorts } from "../ports.ts";
import { newItems, type Outcome } from "./items.ts";
import { newPositions } from "./positions.ts";
import { bytesOf } from "../bytes-of.ts";
import { readRecords, saidOf, whoChange } from "./records.ts";
import { newWriter, StoreError, type Opened, type Store, type StoreCode } from "./store.ts";

/** Limits and their defaults. Each may be set from a hundredth of its default to a hundred times that. */
export interface KeptLimits {
  /** How long a publish is kept that names no `deadlineMs`. Milliseconds, default 86_400_000, a day. */
  readonly keepMs: number;
  /** Channels whose position is kept; the longest unchanged is forgotten first. Default 1_024. */
  readonly positionCount: number;
  /** How long a position waits to be written together with others. Milliseconds, default 100. */
  readonly positionDelayMs: number;
  /** How long until a write is tried again without which a publish may not be sent. Milliseconds, default 2_000. */
  readonly retryMs: number;
}

export const keptLimits: KeptLimits = {
  keepMs: 86_400_000,
  positionCount: 1_024,
  positionDelayMs: 100,
  retryMs: 2_000,
};

export interface OutboxOptions extends Partial<KeptLimits> {
  readonly store: Store;
  /** Told what cannot be kept, and why. The client goes on with what it has in memory. Default: nobody is told. */
  readonly onWarning?: ((warning: StoreError) => void) | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What became of a publish whose promise ended with an earlier page or process. */
export interface Settled {
  readonly channel: string;
  readonly event: string;
  readonly payload: unknown;
  /**
   * `accepted`: it is in the log now · `duplicate`: it was there already · `rejected`: refused, see `error` · `expired`:
   * never sent in time · `unknown`: the earlier run sent it, and nobody can tell any more.
   */
  readonly outcome: Outcome;
  readonly position: WirePos | undefined;
  readonly error: HeddleError | undefined;
}

export interface KeptOutbox extends KeptPorts, AsyncDisposable {
  /** Whether anything outlives this run: false when the store is somebody else's or cannot be opened. */
  readonly isKept: boolean;
  /** Publishes of earlier runs whose outcome is not known yet. */
  readonly leftCount: number;
  /** Calls `listener` with the outcome of each of those. */
  onSettled(listener: (settled: Settled) => void): Off;
  /** Resolves when everything that changed so far is written, or has failed to be. */
  flush(): Promise<void>;
  /** Writes what is left and lets go of the store. Close the client first. */
  close(): Promise<void>;
}

/**
 * Opens a store for one client, which gets the result as its option `outbox`. Whatever is wrong with the store is a warning:
 * without one that works, publishes wait in memory.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export async function openOutbox(options: OutboxOptions): Promise<KeptOutbox> {
  const limits = resolveLimits(options, keptLimits);
  const { store, clock = systemClock(), onWarning } = options;
  const warn = (code: StoreCode, message: string, cause?: unknown): void =>
    onWarning?.(new StoreError(code, message, cause));
  const opened = await openStore(store, warn);
  const write = opened
    ? newWriter(store, (cause) => warn("write-failed", "a change could not be written", cause))
    : () => Promise.resolve(false);
  const records = readRecords(opened?.rows ?? []);
  const corruptCount = records.corrupt.length + (opened?.corruptCount ?? 0);
  if (corruptCount > 0) warn("corrupt", `${corruptCount} records make no sense and are left out`);
  if (records.corrupt.length > 0) void write(records.corrupt.map((key) => [key, undefined]));

  const [tell, listen] = newEmitter<{ readonly settled: [Settled] }>(throwLater);
  const [standOf, handled, clearPositions, flushPositions] = newPositions(clock, write, records.stands, limits);
  let { who } = records;
  /** Whoever was connected before, this is who it is now. */
  const connected = ({ u, an = "" }: WelcomeFrame): string => {
    const now = u === undefined ? anonymous + an : user + u;
    if (now !== who) {
      if (who.startsWith(user)) clearPositions();
      who = now;
      void write([whoChange(who)]);
    }
    return who;
  };
  const [attach, leftCount] = newItems(clock, write, records, limits, connected, (item, outcome, position, error) => {
    const { e: event, d, b } = saidOf(item);
    const payload = b === undefined ? d : bytesOf(b);
    void tell("settled", { channel: item.ch, event, payload, outcome, position, error });
  });
  let isAttached = false;

  const flush = async (): Promise<void> => {
    flushPositions();
    await write([]);
  };
  const close = async (): Promise<void> => {
    await flush();
    if (opened) await store.close();
  };

  return {
    isKept: !!opened,
    get leftCount() {
      return leftCount();
    },
    onSettled: (listener) => listen("settled", listener),
    flush,
    close,
    [Symbol.asyncDispose]: close,
    [ports]: [
      (sender, pid) => {
        if (isAttached) throw new LocalError("option-invalid", "outbox: another client has it");
        isAttached = true;
        return attach(sender, pid);
      },
      () => (who.startsWith(anonymous) ? { an: who.slice(anonymous.length) } : {}),
      standOf,
      (channel, position, ticket) => {
        if (position) handled(channel, [position, ticket]);
      },
    ],
  };
}

/** Before a user's id, and before the ticket of a session without one. */
const user = "u:";
const anonymous = "a:";

async function openStore(
  store: Store,
  warn: (code: StoreCode, message: string, cause?: unknown) => void,
): Promise<Opened | undefined> {
  try {
    const opened = await store.open();
    if (!opened) warn("locked", "another page or process has this store; nothing outlives this one");
    return opened;
  } catch (cause) {
    warn("unreadable", "the store cannot be opened; nothing outlives this page or process", cause);
    return undefined;
  }
}
