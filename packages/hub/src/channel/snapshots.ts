// Loading the application's state at a position. Joiners that come together share one load, unless it is per user: then
// only that user's own connections do.

import { messageOf, within, type Clock } from "@heddle/base";
import { wireLimits, type Pos } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Actor, ChannelPolicy } from "../ports/index.ts";
import type { Requests } from "../session/requests.ts";
import { Stop } from "../session/stop.ts";

export interface LoadedSnapshot {
  readonly json: string;
  readonly position: Pos;
}

/** Whose connection a joiner is: when it ends, the joiner waits no more. */
export type Joiner = Pick<Requests, "hooked" | "hookDone">;

interface Loading {
  readonly stop: Stop;
  readonly result: Promise<LoadedSnapshot>;
  waitingCount: number;
}

export class Snapshots {
  readonly #head: () => Pos;
  readonly #clock: Clock;
  readonly #loadMs: number;
  readonly #underWay = new Map<string, Loading>();

  /**
   * @param head    the position a load that begins now is told
   * @param loadMs  time a load has; one that never settles would keep all later joiners waiting
   */
  constructor(head: () => Pos, clock: Clock, loadMs: number) {
    this.#head = head;
    this.#clock = clock;
    this.#loadMs = loadMs;
  }

  /** @throws {HubError} `snapshotFailed` */
  async load(source: NonNullable<ChannelPolicy["snapshot"]>, who: Actor, joiner: Joiner): Promise<LoadedSnapshot> {
    const key = source.shared ? "" : `u${who.userId ?? `~${who.x}`}`;
    const loading = this.#underWay.get(key) ?? this.#begin(key, source, who);
    const leaving = new Stop();
    leaving.tell(() => {
      if (--loading.waitingCount > 0) return;
      this.#forget(key, loading); // whoever comes now is not given what was stopped
      loading.stop.stop("nobody waits for the snapshot any more");
    });
    loading.waitingCount++;
    joiner.hooked(leaving);
    try {
      return await loading.result;
    } finally {
      joiner.hookDone(leaving);
    }
  }

  #begin(key: string, source: NonNullable<ChannelPolicy["snapshot"]>, who: Actor): Loading {
    const stop = new Stop();
    const loading: Loading = { stop, result: this.#load(source, who, stop), waitingCount: 0 };
    this.#underWay.set(key, loading);
    const forget = (): void => this.#forget(key, loading);
    loading.result.then(forget, forget);
    return loading;
  }

  #forget(key: string, loading: Loading): void {
    if (this.#underWay.get(key) === loading) this.#underWay.delete(key);
  }

  async #load(source: NonNullable<ChannelPolicy["snapshot"]>, who: Actor, stop: Stop): Promise<LoadedSnapshot> {
    const asked = this.#head();
    try {
      const loading = source.shared ? source.load(asked, stop) : source.load(asked, who, stop);
      const { json, position = asked } = await within(this.#clock, this.#loadMs, loading, () => {
        const why = `the snapshot took longer than ${this.#loadMs} ms`;
        stop.stop(why);
        throw new HubError("snapshotFailed", why);
      });
      if (json.length <= wireLimits.snapshotBytes) return { json, position };
      throw new HubError(
        "snapshotFailed",
        `the snapshot has ${json.length} bytes, at most ${wireLimits.snapshotBytes} are sent`,
      );
    } catch (error) {
      if (error instanceof HubError) throw error;
      throw new HubError("snapshotFailed", "the snapshot could not be loaded", { cause: messageOf(error) });
    }
  }
}
