// Who is in a channel, as this node hosts it: one writer, a version that rises by one with every change told, full lists
// and differences as shared frames. A member is one session (`x`), however often its connection changes.

import type { Clock } from "@heddle/base";
import { wireLimits, type Codec, type WireMember } from "@heddle/protocol";
import { frameOf } from "../channel/frames.ts";
import type { Frame } from "../ports/index.ts";

export interface Member extends WireMember {
  readonly x: string;
  /** Raised by the client with every enter and update; an older one is ignored. */
  readonly ver: number;
}

export class Presence {
  readonly #alias: number;
  readonly #clock: Clock;
  readonly #listCount: number;
  readonly #gatherMs: number;
  readonly #push: (frameFor: (codec: Codec) => Frame) => void;
  readonly #members = new Map<string, Member>();
  readonly #graces = new Map<string, Disposable>();
  #changed = new Map<string, "add" | "del">();
  #version = 0;
  #gathering: Disposable | undefined;

  constructor(
    alias: number,
    clock: Clock,
    limits: { readonly presenceListCount: number; readonly presenceGatherMs: number },
    push: (frameFor: (codec: Codec) => Frame) => void,
  ) {
    this.#alias = alias;
    this.#clock = clock;
    this.#listCount = limits.presenceListCount;
    this.#gatherMs = limits.presenceGatherMs;
    this.#push = push;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Adds or updates a member and ends its grace. False when a newer version of it is known. */
  enter(member: Member): boolean {
    const known = this.#members.get(member.x);
    if (known !== undefined && known.ver > member.ver) return false;
    this.#endGrace(member.x);
    this.#members.set(member.x, member);
    this.#note(member.x, "add");
    return true;
  }

  /** Removes a member at once. */
  leave(x: string): void {
    this.#endGrace(x);
    if (this.#members.delete(x)) this.#note(x, "del");
  }

  /** The member's connection is gone: it leaves unless it enters again within the grace. */
  leaveAfterGrace(x: string, whenGone: () => void): void {
    if (!this.#members.has(x)) return;
    this.#endGrace(x);
    const timer = this.#clock.after(wireLimits.presenceGraceMs, () => {
      this.leave(x);
      whenGone();
    });
    this.#graces.set(x, timer);
  }

  /** The whole list, or above the listing limit the number alone. Changes still gathered are told first. */
  full(codec: Codec): Frame {
    this.#tell();
    const n = this.#members.size;
    const list = n <= this.#listCount ? { full: 1 as const, add: this.members } : { full: 1 as const };
    return frameOf(codec.encode({ t: "pd", c: this.#alias, v: this.#version, ...list, n }), "pd", this.#alias);
  }

  [Symbol.dispose](): void {
    this.#gathering?.[Symbol.dispose]();
    for (const grace of this.#graces.values()) grace[Symbol.dispose]();
    this.#graces.clear();
  }

  #note(x: string, change: "add" | "del"): void {
    this.#changed.set(x, change);
    this.#gathering ??= this.#clock.after(this.#gatherMs, () => this.#tell());
  }

  #tell(): void {
    this.#gathering?.[Symbol.dispose]();
    this.#gathering = undefined;
    if (this.#changed.size === 0) return;
    const changed = this.#changed;
    this.#changed = new Map();
    this.#version++;
    const n = this.#members.size;
    const frame = { t: "pd", c: this.#alias, v: this.#version, n } as const;
    if (n > this.#listCount) return this.#push((codec) => frameOf(codec.encode(frame), "pd", this.#alias));
    const add = [...changed.keys()].flatMap((x) => this.#members.get(x) ?? []);
    const del = [...changed].flatMap(([x, change]) => (change === "del" && !this.#members.has(x) ? [x] : []));
    this.#push((codec) => frameOf(codec.encode({ ...frame, add, del }), "pd", this.#alias));
  }

  #endGrace(x: string): void {
    this.#graces.get(x)?.[Symbol.dispose]();
    this.#graces.delete(x);
  }
}
