// The deadlines of one connection: is its peer there, does it finish what it begins, does it take what it is sent, is
// there any use for it, does it close. Looks from time to time; what happens in between only leaves a mark.

import type { Random } from "@heddle/base";
import { closeCodes } from "../core/close-code.ts";
import type { ConnectionLimits } from "./connection-options.ts";
import { WheelEntry, wheelTickMs, type TimerWheel } from "./timer-wheel.ts";

/** What is looked at of a connection, and what may be done to it. */
export interface Watched {
  /** Bytes given to the socket that the kernel has not taken, 0 for none. May be that of the write's beginning. */
  readonly unsentBytes: number;
  sendPing(): void;
  /** Sends a close frame; reads on. */
  close(code: number, reason: string): void;
  /** Sends a close frame; reads no more. */
  readFailure(code: number, why: string): void;
  /** Destroys the socket. */
  cutOff(why: string): void;
}

/** What is looked at of a connection's reader. */
export interface WatchedReader {
  readonly isMidway: boolean;
  readonly begunCount: number;
}

/** What the connections of one kit have in common. */
export interface LivenessEnv {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly limits: ConnectionLimits;
  /** See `lookEveryMs`. */
  readonly lookEveryMs: number;
}

const never = -1;

/** Something that looks tell from others by a number, and when it was first seen. */
interface Sighting {
  readonly of: number;
  readonly sinceMs: number;
}

/**
 * How far looks are apart: a quarter of the shortest limit, in whole ticks; 0 when no limit is on. Milliseconds.
 */
export function lookEveryMs(limits: ConnectionLimits): number {
  const { ping, messageTimeoutMs, slowReceiverMs, idleMs } = limits;
  const on = [ping.intervalMs, messageTimeoutMs, slowReceiverMs, idleMs].filter((limitMs) => limitMs > 0);
  if (on.length === 0) return 0;
  return Math.max(1, Math.floor(Math.min(...on) / 4 / wheelTickMs)) * wheelTickMs;
}

/**
 * A connection's place in the wheel. What happens in between sets a flag and asks no clock, which would cost a tenth of an
 * echo's JavaScript. So a look knows that something came since the last one, and not when.
 */
export class Liveness extends WheelEntry {
  /** Bytes came; those of the handshake, at first. */
  hasHeard = true;
  /** The socket took a write to its end. */
  hasTaken = false;
  /** A message came or went. */
  hasSpoken = false;

  readonly #env: LivenessEnv;
  readonly #watched: Watched;
  #reader: WatchedReader | undefined;
  #heardMs = 0;
  #pingedMs = never;
  #spokenMs = 0;
  /** The message that was under way at the last look. */
  #midway: Sighting | undefined;
  /** What the socket had left at the last look. */
  #unsent: Sighting | undefined;
  #isClosing = false;

  constructor(env: LivenessEnv, watched: Watched) {
    super();
    this.#env = env;
    this.#watched = watched;
  }

  /** The connection reads from now on. */
  begin(reader: WatchedReader): void {
    const { wheel, random, lookEveryMs: everyMs } = this.#env;
    this.#reader = reader;
    if (everyMs === 0 || this.#isClosing) return;
    this.#spokenMs = wheel.nowMs();
    // A phase of its own for each: those that came together are not pinged together.
    wheel.set(this, random.float() * everyMs);
  }

  /** We have sent a close frame. From now on only the end counts, and it must come in time. */
  closes(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#env.wheel.set(this, this.#env.limits.closeTimeoutMs);
  }

  /** The socket is gone. */
  end(): void {
    this.#env.wheel.remove(this);
  }

  override onDue(): void {
    const { wheel, random, limits, lookEveryMs: everyMs } = this.#env;
    const watched = this.#watched;
    if (this.#isClosing) return watched.cutOff(`no end after ${limits.closeTimeoutMs} ms of closing`);
    const nowMs = wheel.nowMs();
    const dueMs = wheel.timeOf(this.dueTick);
    const isLate = nowMs - dueMs > wheelTickMs;
    if (this.hasHeard) {
      this.hasHeard = false;
      this.#heardMs = isLate ? nowMs : dueMs; // the deadline itself, so that small delays do not add up
      this.#pingedMs = never;
    }

    if (this.#answerDueMs() <= nowMs) return watched.cutOff(`no answer to a ping for ${limits.ping.graceMs} ms`);
    const messageMs = this.#messageDueMs(nowMs);
    if (messageMs <= nowMs) {
      const why = `message not complete after ${limits.messageTimeoutMs} ms`;
      return watched.readFailure(closeCodes.policy, why);
    }
    const takenMs = this.#takenDueMs(nowMs);
    if (takenMs <= nowMs) return watched.cutOff(`nothing taken for ${limits.slowReceiverMs} ms`);
    const spokenMs = this.#spokenDueMs(nowMs);
    if (spokenMs <= nowMs) return watched.close(closeCodes.goingAway, "idle");
    if (!isLate) this.#pingIfQuiet(dueMs);

    // After a halt of the process all are late, and at once: a new phase for each, and no ping before it.
    const lookMs = isLate ? nowMs + random.float() * everyMs : dueMs + everyMs;
    wheel.setAt(this, Math.min(lookMs, this.#answerDueMs(), messageMs, takenMs, spokenMs));
  }

  /** When a peer that was pinged is gone. */
  #answerDueMs(): number {
    return this.#pingedMs === never ? Infinity : this.#pingedMs + this.#env.limits.ping.graceMs;
  }

  #pingIfQuiet(lookMs: number): void {
    const { limits, wheel, lookEveryMs: everyMs } = this.#env;
    const { intervalMs } = limits.ping;
    if (intervalMs === 0 || this.#pingedMs !== never) return;
    // What was heard came up to `everyMs` before it was seen, and the next look is as far away.
    if (lookMs < this.#heardMs + intervalMs - everyMs) return;
    this.#watched.sendPing();
    this.#pingedMs = wheel.nowMs();
  }

  #messageDueMs(nowMs: number): number {
    const { messageTimeoutMs } = this.#env.limits;
    const reader = this.#reader;
    if (messageTimeoutMs === 0 || reader?.isMidway !== true) {
      this.#midway = undefined;
      return Infinity;
    }
    if (this.#midway?.of !== reader.begunCount) this.#midway = { of: reader.begunCount, sinceMs: nowMs };
    return this.#midway.sinceMs + messageTimeoutMs;
  }

  #takenDueMs(nowMs: number): number {
    const { slowReceiverMs } = this.#env.limits;
    const bytes = slowReceiverMs === 0 ? 0 : this.#watched.unsentBytes;
    if (bytes === 0) {
      this.#unsent = undefined;
      return Infinity;
    }
    if (this.hasTaken || this.#unsent?.of !== bytes) {
      this.hasTaken = false;
      this.#unsent = { of: bytes, sinceMs: nowMs };
    }
    return this.#unsent.sinceMs + slowReceiverMs;
  }

  #spokenDueMs(nowMs: number): number {
    if (this.hasSpoken) {
      this.hasSpoken = false;
      this.#spokenMs = nowMs;
    }
    const { idleMs } = this.#env.limits;
    return idleMs === 0 ? Infinity : this.#spokenMs + idleMs;
  }
}
