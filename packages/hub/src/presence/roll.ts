// What clients are told of a channel's members: all of them and what changes while they are few, their number and some of
// them while they are many. Each frame is made once and shared.

import type { Codec } from "@heddle/protocol";
import { frameOf } from "../channel/frames.ts";
import type { Frame } from "../ports/index.ts";
import type { Members } from "./members.ts";
import type { PresenceEnv } from "./presence-link.ts";

export type PushFrame = (frameFor: (codec: Codec) => Frame) => void;

/** Members are listed again when they are fewer than this part of the limits: who stands at it is not told now this, now that. */
const listedAgainShare = 0.9;

export class Roll {
  readonly #alias: number;
  readonly #env: Pick<PresenceEnv, "clock" | "limits">;
  readonly #members: Members;
  readonly #push: PushFrame;
  /** Members that are to be told again. */
  #changed = new Set<string>();
  /** Of what was told last; the first is 0. */
  #version = -1;
  #isListed = true;
  #isOpen = false;
  #gathering: Disposable | undefined;

  constructor(alias: number, env: Pick<PresenceEnv, "clock" | "limits">, members: Members, push: PushFrame) {
    this.#alias = alias;
    this.#env = env;
    this.#members = members;
    this.#push = push;
  }

  /** Whether clients may be told: what is known may not be much yet. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on clients are told; first everything. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#changed.clear();
    this.#version++;
    this.#classify();
    this.#push((codec) => this.#whole(codec));
  }

  changed(key: string): void {
    this.#changed.add(key);
    const { clock, limits } = this.#env;
    const afterMs = this.#isListed ? limits.presenceGatherMs : limits.presenceCountMs;
    this.#gathering ??= clock.after(afterMs, () => this.#tell());
  }

  /** Everything, for one who was told nothing before: also what is still gathered, and is told once more. */
  full(codec: Codec): Frame | undefined {
    return this.#isOpen ? this.#whole(codec) : undefined;
  }

  [Symbol.dispose](): void {
    this.#gathering?.[Symbol.dispose]();
  }

  #tell(): void {
    this.#gathering?.[Symbol.dispose]();
    this.#gathering = undefined;
    if (!this.#isOpen || this.#changed.size === 0) return;
    const changed = this.#changed;
    this.#changed = new Set();
    this.#version++;
    const wasListed = this.#isListed;
    this.#classify();
    if (!wasListed || !this.#isListed) return this.#push((codec) => this.#whole(codec));
    const add = [...changed].flatMap((key) => this.#members.get(key) ?? []);
    const del = [...changed].filter((key) => this.#members.get(key) === undefined);
    const frame = { t: "pd", c: this.#alias, v: this.#version, add, del, n: this.#members.count } as const;
    this.#push((codec) => frameOf(codec.encode(frame), "pd", this.#alias));
  }

  #classify(): void {
    const { presenceListCount, presenceListBytes } = this.#env.limits;
    const share = this.#isListed ? 1 : listedAgainShare;
    const { count, bytes } = this.#members;
    this.#isListed = count <= presenceListCount * share && bytes <= presenceListBytes * share;
  }

  #whole(codec: Codec): Frame {
    const { presenceSampleCount } = this.#env.limits;
    const add = this.#isListed ? this.#members.all() : this.#members.sample(presenceSampleCount);
    const frame = { t: "pd", c: this.#alias, v: this.#version, full: 1, add, n: this.#members.count } as const;
    return frameOf(codec.encode(frame), "pd", this.#alias);
  }
}
