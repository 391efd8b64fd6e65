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
 * A connection's place in the wheel. What happens in between sets a flag and asks no clock, which would cost some percent
 * of an echo. So a look knows that something came since the last one, and not when.
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
  /** The message that was under way at the last look, and when that was first seen. */
  #begunCount = 0;
  #begunMs = never;
  /** What the socket had left at the last look, and since when that has been so. */
  #unsentBytes = 0;
  #stalledMs = never;
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
    const { wheel, limits } = this.#env;
    const watched = this.#watched;
    if (this.#isClosing) return watched.cutOff(`no end after ${limits.closeTimeoutMs} ms of closing`);
    const nowMs = wheel.nowMs();

    const answerMs = this.#answerDueMs();
    if (answerMs <= nowMs) return watched.cutOff(`no answer to a ping for ${limits.ping.graceMs} ms`);
    const messageMs = this.#messageDueMs(nowMs);
    if (messageMs <= nowMs) {
      const why = `message not complete after ${limits.messageTimeoutMs} ms`;
      return watched.readFailure(closeCodes.policy, why);
    }
    const takenMs = this.#takenDueMs(nowMs);
    if (takenMs <= nowMs) return watched.cutOff(`nothing taken for ${limits.slowReceiverMs} ms`);
    const spokenMs = this.#spokenDueMs(nowMs);
    if (spokenMs <= nowMs) return watched.close(closeCodes.goingAway, "idle");
    const pingMs = this.#pingDueMs();
    wheel.setAt(this, Math.min(this.#nextLookMs(nowMs), answerMs, messageMs, takenMs, spokenMs, pingMs));
  }

  #nextLookMs(nowMs: number): number {
    const { random, lookEveryMs: everyMs } = this.#env;
    const nextMs = this.dueMs + everyMs;
    // After a halt of the process all are due at once; a new phase keeps that from repeating.
    return nextMs > nowMs ? nextMs : nowMs + random.float() * everyMs;
  }

  /** When a peer that was pinged is gone. */
  #answerDueMs(): number {
    if (this.hasHeard) {
      this.hasHeard = false;
      this.#heardMs = this.dueMs;
      this.#pingedMs = never;
    }
    return this.#pingedMs === never ? Infinity : this.#pingedMs + this.#env.limits.ping.graceMs;
  }

  /** Pings when it is time; else when it will be. */
  #pingDueMs(): number {
    const { limits, wheel, lookEveryMs: everyMs } = this.#env;
    const { intervalMs, graceMs } = limits.ping;
    if (intervalMs === 0 || this.#pingedMs !== never) return Infinity;
    // What was heard came up to one interval between looks before it was seen.
    const dueMs = this.#heardMs + intervalMs - everyMs;
    if (this.dueMs < dueMs) return dueMs;
    this.#watched.sendPing();
    this.#pingedMs = wheel.nowMs();
    return this.#pingedMs + graceMs;
  }

  #messageDueMs(nowMs: number): number {
    const { messageTimeoutMs } = this.#env.limits;
    const reader = this.#reader;
    if (messageTimeoutMs === 0 || reader?.isMidway !== true) {
      this.#begunMs = never;
      return Infinity;
    }
    if (this.#begunMs === never || this.#begunCount !== reader.begunCount) {
      this.#begunMs = nowMs;
      this.#begunCount = reader.begunCount;
    }
    return this.#begunMs + messageTimeoutMs;
  }

  #takenDueMs(nowMs: number): number {
    const { slowReceiverMs } = this.#env.limits;
    const bytes = slowReceiverMs === 0 ? 0 : this.#watched.unsentBytes;
    if (bytes === 0) {
      this.#stalledMs = never;
      return Infinity;
    }
    if (this.#stalledMs === never || this.hasTaken || this.#unsentBytes !== bytes) {
      this.hasTaken = false;
      this.#stalledMs = nowMs;
      this.#unsentBytes = bytes;
    }
    return this.#stalledMs + slowReceiverMs;
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
