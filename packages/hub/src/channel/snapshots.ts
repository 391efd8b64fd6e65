// Loading the application's state at a position. Joiners that come together share one load, unless it is per user: then
// only that user's own connections do.

import { messageOf, type Clock } from "@heddle/base";
import { wireLimits, type Pos } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Actor, ChannelPolicy } from "../ports/index.ts";

export interface LoadedSnapshot {
  readonly json: string;
  readonly position: Pos;
}

export class Snapshots {
  readonly #head: () => Pos;
  readonly #clock: Clock;
  readonly #loadMs: number;
  readonly #underWay = new Map<string, Promise<LoadedSnapshot>>();

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
  load(source: NonNullable<ChannelPolicy["snapshot"]>, who: Actor): Promise<LoadedSnapshot> {
    const key = source.shared ? "" : `u${who.userId ?? `~${who.x}`}`;
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(source, who).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, loading);
    return loading;
  }

  async #load(source: NonNullable<ChannelPolicy["snapshot"]>, who: Actor): Promise<LoadedSnapshot> {
    const asked = this.#head();
    let timer: Disposable | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new HubError("snapshotFailed", `the snapshot took longer than ${this.#loadMs} ms`);
      timer = this.#clock.after(this.#loadMs, () => reject(error));
    });
    try {
      const loading = source.shared ? source.load(asked) : source.load(asked, who);
      const { json, position = asked } = await Promise.race([loading, late]);
      if (json.length <= wireLimits.snapshotBytes) return { json, position };
      throw new HubError(
        "snapshotFailed",
        `the snapshot has ${json.length} bytes, at most ${wireLimits.snapshotBytes} are sent`,
      );
    } catch (error) {
      if (error instanceof HubError) throw error;
      throw new HubError("snapshotFailed", "the snapshot could not be loaded", { cause: messageOf(error) });
    } finally {
      timer?.[Symbol.dispose]();
    }
  }
}
