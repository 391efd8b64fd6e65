// Requests of one connection that are under way: how many, how to stop them, and who gets a stream's credit.

import type { Inbound } from "./inbound.ts";
import { Stop } from "./stop.ts";

interface OpenCall {
  readonly r: number;
  readonly stop: Stop;
}

export class Requests {
  /** Absent before the first call. Few at a time: a map costs more to keep than looking through them. */
  #calls: OpenCall[] | undefined;
  /** Hooks that are waited for; absent while there are none. */
  #hooks: Set<Stop> | undefined;
  /** Absent before the first stream. */
  #streams: Map<number, (takenCost: number) => void> | undefined;
  /** Absent before the first stream from the client. */
  #inbounds: Map<number, Inbound> | undefined;
  #openCount = 0;
  #publishCount = 0;

  get openCount(): number {
    return this.#openCount;
  }

  get publishCount(): number {
    return this.#publishCount;
  }

  get streamCount(): number {
    const inputs = [...(this.#inbounds?.keys() ?? [])].filter((r) => !this.#streams?.has(r));
    return (this.#streams?.size ?? 0) + inputs.length;
  }

  /** Counts a request while it is carried out. */
  async counted(work: () => Promise<void>): Promise<void> {
    this.requestBegun();
    try {
      await work();
    } finally {
      this.requestDone();
    }
  }

  requestBegun(): void {
    this.#openCount++;
  }

  requestDone(): void {
    this.#openCount--;
  }

  publishBegun(): void {
    this.#publishCount++;
  }

  publishDone(): void {
    this.#publishCount--;
  }

  /** Registers a call so that `stop` reaches it. Undefined when a call with this number is open already. */
  stoppable(r: number): Stop | undefined {
    const calls = (this.#calls ??= []);
    if (calls.some((call) => call.r === r)) return undefined;
    const stop = new Stop();
    calls.push({ r, stop });
    return stop;
  }

  /** A hook runs for this connection: it is stopped when the connection ends, unless it was `hookDone` before. */
  hooked(stop: Stop): void {
    (this.#hooks ??= new Set()).add(stop);
  }

  hookDone(stop: Stop): void {
    if (this.#hooks?.delete(stop) && this.#hooks.size === 0) this.#hooks = undefined;
  }

  /** Registers a stream so that its credit reaches it, until it is `finished`. */
  streaming(r: number, credit: (takenCost: number) => void): void {
    (this.#streams ??= new Map()).set(r, credit);
  }

  /** Registers a stream from the client so that its parts reach it, until it is `finished`. */
  receiving(r: number, inbound: Inbound): void {
    (this.#inbounds ??= new Map()).set(r, inbound);
  }

  inbound(r: number): Inbound | undefined {
    return this.#inbounds?.get(r);
  }

  /** The client has taken parts of this cost. Late or unknown: ignored. */
  credit(r: number, takenCost: number): void {
    this.#streams?.get(r)?.(takenCost);
  }

  finished(r: number): void {
    const calls = this.#calls;
    const index = calls?.findIndex((call) => call.r === r) ?? -1;
    if (calls !== undefined && index >= 0) calls.splice(index, 1);
    this.#streams?.delete(r);
    this.#inbounds?.get(r)?.close();
    this.#inbounds?.delete(r);
  }

  stop(r: number, why: string): void {
    this.#calls?.find((call) => call.r === r)?.stop.stop(why);
  }

  stopAll(why: string): void {
    const stops = [...(this.#calls ?? []).map(({ stop }) => stop), ...(this.#hooks ?? [])];
    this.#calls = undefined;
    this.#hooks = undefined;
    for (const stop of stops) stop.stop(why);
  }
}
