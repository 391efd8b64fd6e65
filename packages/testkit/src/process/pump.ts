// One direction of a proxied TCP connection: bytes leave in the order they came, later, slower, or not at all for a while.
// Knows no protocol; what it cannot pass on it stops reading, so that it holds a bounded amount.

import type { Socket } from "node:net";
import type { Clock, Random } from "@heddle/base";

/** What a direction does to the bytes that pass. */
export interface Weather {
  /** Each piece takes this much longer. Milliseconds, 0…60_000. */
  readonly delayMs: number;
  /** …and up to this much more, by chance; order is kept. Milliseconds, 0…60_000. */
  readonly jitterMs: number;
  /** Bytes a second, 1 or more; Infinity does not slow. */
  readonly bytesPerS: number;
  /** Nothing passes, not even an end, and nobody is told; what came meanwhile follows when it is over. */
  readonly isBlackhole: boolean;
}

export const goodWeather: Weather = { delayMs: 0, jitterMs: 0, bytesPerS: Infinity, isBlackhole: false };

/** Bytes, then nothing more (`end`), or the sudden death of the sender (`gone`). */
type Piece = Uint8Array | "end" | "gone";
interface Waiting {
  dueMs: number;
  readonly piece: Piece;
}

export interface PumpEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly heldBytesMax: number;
  /** The allowance of `endAfter` is used up: the connection is to end. */
  readonly spent: () => void;
}

/** A throttled direction passes this share of a second's bytes at once, at least `sliceBytesMin`. */
const sliceShare = 0.05;
const sliceBytesMin = 64;

export class Pump {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #env: PumpEnv;
  #weather: Weather;
  #waiting: Waiting[] = [];
  #heldBytes = 0;
  #freeAtMs = 0;
  #allowanceBytes = Infinity;
  #timer: Disposable | undefined;
  #isFull = false;
  #isStopped = false;

  constructor(from: Socket, to: Socket, weather: Weather, env: PumpEnv) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    this.#env = env;
    from.on("data", (bytes: Buffer) => this.#take(bytes));
    from.on("end", () => this.#take("end"));
    from.on("close", () => this.#take("gone"));
    to.on("drain", () => {
      this.#isFull = false;
      this.#pass();
    });
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  setWeather(weather: Weather): void {
    this.#weather = weather;
    // What waits already has no longer to wait than what comes now.
    const latestMs = this.#env.clock.monotonicMs() + weather.delayMs + weather.jitterMs;
    for (const waiting of this.#waiting) waiting.dueMs = Math.min(waiting.dueMs, latestMs);
    this.#freeAtMs = 0;
    this.#pass();
  }

  /** `bytes` more may pass; then `spent` is called, wherever in a message that is. */
  endAfter(bytes: number): void {
    this.#allowanceBytes = bytes;
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
    this.#heldBytes = 0;
    this.#timer?.[Symbol.dispose]();
  }

  #take(piece: Piece): void {
    if (this.#isStopped) return;
    const { clock, random, heldBytesMax } = this.#env;
    const { delayMs, jitterMs } = this.#weather;
    const beforeMs = this.#waiting.at(-1)?.dueMs ?? 0;
    const dueMs = Math.max(beforeMs, clock.monotonicMs() + delayMs + random.float() * jitterMs);
    this.#waiting.push({ dueMs, piece });
    if (typeof piece !== "string") this.#heldBytes += piece.length;
    if (this.#heldBytes > heldBytesMax) this.#from.pause();
    this.#pass();
  }

  /** Passes on everything that is due, and comes back for the rest. */
  #pass(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const { clock, heldBytesMax } = this.#env;
    while (!this.#isStopped && !this.#isFull && !this.#weather.isBlackhole) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      const nowMs = clock.monotonicMs();
      const waitMs = Math.max(next.dueMs, this.#freeAtMs) - nowMs;
      if (waitMs > 0) {
        this.#timer = clock.after(waitMs, () => this.#pass());
        break;
      }
      this.#waiting.shift();
      this.#send(next.piece, nowMs);
    }
    if (this.#heldBytes <= heldBytesMax && !this.#isStopped) this.#from.resume();
  }

  #send(piece: Piece, nowMs: number): void {
    if (piece === "end") return void this.#to.end();
    if (piece === "gone") return this.#to.destroySoon();
    const { bytesPerS } = this.#weather;
    const most = Math.min(Math.max(sliceBytesMin, bytesPerS * sliceShare), this.#allowanceBytes);
    const slice = piece.subarray(0, most);
    if (slice.length < piece.length) this.#waiting.unshift({ dueMs: nowMs, piece: piece.subarray(slice.length) });
    this.#heldBytes -= slice.length;
    this.#allowanceBytes -= slice.length;
    this.#freeAtMs = nowMs + (slice.length / bytesPerS) * 1_000;
    const isSpent = this.#allowanceBytes <= 0;
    this.#isFull = !this.#to.write(slice, isSpent ? () => this.#env.spent() : undefined) || isSpent;
  }
}
