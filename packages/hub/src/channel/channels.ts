// The channels this node holds: found by name, kept while anything needs them and a little longer, audited when silent.

import type { ChannelPolicy } from "../ports/index.ts";
import { HubError } from "../hub-error.ts";
import { Channel, type ChannelEnv } from "./channel.ts";
import { FlushTimes } from "./held-pushes.ts";
import { samePos } from "@heddle/protocol";

export interface ChannelsLimits {
  /** How long an unused channel keeps its ring and its link. Milliseconds. */
  readonly lingerMs: number;
  /** Channels held at once. */
  readonly channelsMax: number;
  /** Within this time a log that is silent has been compared with the store's head, and found out. Milliseconds. */
  readonly auditMs: number;
  /** A store's head that is ahead must still be so after this long. Milliseconds. */
  readonly auditConfirmMs: number;
}

/** Largest number of heads in one question to the store. */
const headsPerRead = 256;
const aliasMax = 0xffff_ffff;
/** Looks for silent channels within the time in which a lost last message is to be found. */
const auditLooks = 4;

export class Channels {
  readonly #env: ChannelEnv;
  readonly #limits: ChannelsLimits;
  readonly #channels = new Map<string, Channel>();
  readonly #lingering = new Map<Channel, Disposable>();
  #alias = 0;
  #audit: Disposable;
  #isDisposed = false;

  constructor(env: Omit<ChannelEnv, "flushTimes">, limits: ChannelsLimits) {
    this.#env = { ...env, flushTimes: new FlushTimes(env.clock) };
    this.#limits = limits;
    this.#audit = this.#auditLater();
  }

  get count(): number {
    return this.#channels.size;
  }

  /** The channel if this node holds it. */
  held(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  /**
   * The channel, attached if it was not held. It stays until the one `release` that belongs to this call.
   *
   * @throws {HubError} `overloaded`
   */
  acquire(name: string, policy: ChannelPolicy): Channel {
    const held = this.#channels.get(name);
    if (held !== undefined) {
      this.#lingering.get(held)?.[Symbol.dispose]();
      this.#lingering.delete(held);
      held.holdCount++;
      return held;
    }
    if (this.#channels.size >= this.#limits.channelsMax || this.#alias >= aliasMax) {
      throw new HubError(
        "overloaded",
        `${this.#channels.size} channels are in use on this node, channelsMax is ${this.#limits.channelsMax}`,
      );
    }
    const channel = new Channel(name, ++this.#alias, policy, this.#env);
    channel.presence.whenEmpty = () => this.settle(channel);
    this.#channels.set(name, channel);
    channel.holdCount++;
    return channel;
  }

  /** The rings' budget became smaller: all let go of what they can do without. */
  shrink(): void {
    for (const channel of this.#channels.values()) channel.shrink();
  }

  release(channel: Channel): void {
    channel.holdCount--;
    this.settle(channel);
  }

  /** Somebody left the channel. One that nobody needs lingers, so that a reconnect finds it warm. */
  settle(channel: Channel): void {
    if (!channel.isIdle || this.#lingering.has(channel) || this.#isDisposed) return;
    const timer = this.#env.clock.after(this.#limits.lingerMs, () => {
      this.#lingering.delete(channel);
      if (!channel.isIdle) return;
      if (this.#channels.get(channel.name) === channel) this.#channels.delete(channel.name);
      channel[Symbol.dispose]();
    });
    this.#lingering.set(channel, timer);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#audit[Symbol.dispose]();
    this.#env.flushTimes[Symbol.dispose]();
    for (const timer of this.#lingering.values()) timer[Symbol.dispose]();
    for (const channel of this.#channels.values()) channel[Symbol.dispose]();
    this.#channels.clear();
  }

  #auditLater(): Disposable {
    return this.#env.clock.after(this.#limits.auditMs / auditLooks, () => {
      void this.#auditSilent();
      this.#audit = this.#auditLater();
    });
  }

  /** A lost last message is found here: nothing later would show the hole. */
  async #auditSilent(): Promise<void> {
    const { auditMs, auditConfirmMs } = this.#limits;
    // From one look to the next a channel may fall silent, and the confirmation takes its time: both are within `auditMs`.
    const quietMs = Math.max(0, auditMs - auditMs / auditLooks - auditConfirmMs);
    const quietBeforeMs = this.#env.clock.monotonicMs() - quietMs;
    const silent = [...this.#channels.values()].filter(
      ({ log }) => log?.state === "live" && log.quietSinceMs <= quietBeforeMs,
    );
    for (let from = 0; from < silent.length; from += headsPerRead) {
      const batch = silent.slice(from, from + headsPerRead);
      const differing = await this.#differing(batch);
      if (differing.length === 0) continue;
      // A head that is merely ahead may be on its way to us.
      await new Promise<void>((resolve) => void this.#env.clock.after(auditConfirmMs, resolve));
      for (const channel of await this.#differing(differing)) channel.log?.suspect();
    }
  }

  async #differing(channels: readonly Channel[]): Promise<Channel[]> {
    try {
      const heads = await this.#env.engine.log.heads(channels.map(({ name }) => name));
      return channels.filter(({ log }, index) => {
        const head = heads[index];
        if (log === undefined || log.state !== "live" || head === undefined) return false;
        if (!samePos(head, log.head)) return true;
        log.verified();
        return false;
      });
    } catch {
      return []; // the store is away: the link's own break brings every log back by reading
    }
  }
}
