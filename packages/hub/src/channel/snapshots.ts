// Loading the application's state at a position. Joiners that come together share one load, unless it is per user: then
// only that user's own connections do.

import { messageOf } from "@heddle/base";
import { wireLimits, type Pos } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import type { Actor, ChannelPolicy } from "../ports/index.ts";

export interface LoadedSnapshot {
  readonly json: string;
  readonly position: Pos;
}

export class Snapshots {
  readonly #head: () => Pos;
  readonly #underWay = new Map<string, Promise<LoadedSnapshot>>();

  /** @param head  the position a load that begins now is told */
  constructor(head: () => Pos) {
    this.#head = head;
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
    try {
      const { json, position = asked } = await (source.shared ? source.load(asked) : source.load(asked, who));
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
