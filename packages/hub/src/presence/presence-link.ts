// What the presence of all channels of a node shares: the way to single nodes, who is alive, and whether that may be
// believed. While this node's own link is down nobody is declared gone, and after it for as long as a lease takes.

import type { Clock, Random } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import { othersOf, type Engine, type NodeId } from "../ports/index.ts";
import { decodeToldToOne, encodeMessage, presenceTopicOf, type ToldToOne } from "./message.ts";

export interface PresenceLimits {
  /** Members listed whole. */
  readonly presenceListCount: number;
  /** … and their text. Bytes. */
  readonly presenceListBytes: number;
  /** Members told where they are not listed. */
  readonly presenceSampleCount: number;
  /** Members of one channel. */
  readonly presenceMembersMax: number;
  /** Changes are gathered for this long. Milliseconds. */
  readonly presenceGatherMs: number;
  /** The same where members are not listed. Milliseconds. */
  readonly presenceCountMs: number;
  /** How often a node says which version its map has. Milliseconds. */
  readonly presenceDigestMs: number;
  /** How long the lease of a node is, at least as long as the engine's. Milliseconds. */
  readonly presenceLeaseMs: number;
  /** How long a newcomer waits for another answer, and for all of them. Milliseconds. */
  readonly presenceQuietMs: number;
  readonly presenceReadyMs: number;
}

export interface PresenceEnv {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: PresenceLimits;
}

/** One channel's presence, as far as this file knows it. */
export interface LinkedChannel {
  readonly name: string;
  toldToOne(message: Extract<ToldToOne, { is: "map" }>, from: NodeId): void;
  sendMap(to: NodeId): void;
  nodesLeft(left: readonly NodeId[]): void;
  /** The link is another one: what was told meanwhile is lost. */
  linked(): void;
  /** Those who are not among the living now are gone. */
  thawed(alive: readonly NodeId[]): void;
}

export class PresenceLink {
  readonly env: PresenceEnv;
  readonly #channels = new Map<string, LinkedChannel>();
  readonly #offs: (() => void)[] = [];
  readonly #waiting = new Set<() => void>();
  #listening: Promise<void> | undefined;
  #isUp = true;
  #isFrozen = false;
  #isDisposed = false;
  #thawTimer: Disposable | undefined;

  constructor(env: PresenceEnv) {
    this.env = env;
    const { bus, registry } = env.engine;
    this.#offs.push(
      bus.link.on(({ up }) => this.#linkChanged(up)),
      registry.changed.on(({ left }) => this.#nodesLeft(left)),
    );
  }

  get self(): NodeId {
    return this.env.engine.registry.self;
  }

  /** Whether this node's own link works. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Nodes that are alive, without this one. */
  get others(): readonly NodeId[] {
    return othersOf(this.env.engine.registry);
  }

  /** The channel is told what others say to this node about it. Resolves when it can be. */
  join(channel: LinkedChannel): Promise<void> {
    this.#channels.set(channel.name, channel);
    return (this.#listening ??= this.#listen());
  }

  leave(channel: LinkedChannel): void {
    if (this.#channels.get(channel.name) === channel) this.#channels.delete(channel.name);
  }

  tell(node: NodeId, message: ToldToOne): void {
    this.env.engine.bus.publish(presenceTopicOf(node), encodeMessage(message));
  }

  /**
   * Runs `run` now, or when it is known again who is alive: it says that somebody is gone, who may only be out of sight.
   *
   * @returns what calls it off; undefined when it has run
   */
  whenCertain(run: () => void): Disposable | undefined {
    if (!this.#isFrozen) return void run();
    this.#waiting.add(run);
    return { [Symbol.dispose]: () => void this.#waiting.delete(run) };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#thawTimer?.[Symbol.dispose]();
    for (const off of this.#offs) off();
    this.#waiting.clear();
  }

  async #listen(): Promise<void> {
    const { self } = this;
    const receive = (body: Uint8Array, from: NodeId): void => {
      const message = decodeToldToOne(body);
      const channel = this.#channels.get(message.ch);
      if (message.is === "map") return channel?.toldToOne(message, from);
      if (channel !== undefined) channel.sendMap(from);
      else this.tell(from, { is: "map", ch: message.ch, at: ["", 0], isLast: true, add: [], gone: [] });
    };
    const stop = await subscribed(this.env, presenceTopicOf(self), receive, () => !this.#isDisposed);
    if (this.#isDisposed) stop?.();
    else if (stop !== undefined) this.#offs.push(stop);
  }

  #linkChanged(isUp: boolean): void {
    this.#isUp = isUp;
    this.#isFrozen = true;
    this.#thawTimer?.[Symbol.dispose]();
    if (!isUp) return;
    for (const channel of this.#channels.values()) channel.linked();
    // The others' signs of life begin to arrive now; who is silent for a lease from here on is gone.
    this.#thawTimer = this.env.clock.after(this.env.limits.presenceLeaseMs, () => this.#thaw());
  }

  #thaw(): void {
    this.#isFrozen = false;
    const alive = this.env.engine.registry.alive();
    for (const channel of this.#channels.values()) channel.thawed(alive);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const run of waiting) run();
  }

  #nodesLeft(left: readonly NodeId[]): void {
    if (this.#isFrozen || left.length === 0) return;
    for (const channel of this.#channels.values()) channel.nodesLeft(left);
  }
}

/** How long after a refusal the bus is asked again. Milliseconds. */
const subscribeAgainMs = 1_000;

/**
 * A subscription that is tried until it stands, or is no longer wanted.
 *
 * @returns how to end it, which is for the caller to do if it became unwanted meanwhile
 */
export async function subscribed(
  { engine, clock }: Pick<PresenceEnv, "engine" | "clock">,
  topic: string,
  receive: (body: Uint8Array, from: NodeId) => void,
  isWanted: () => boolean,
): Promise<(() => void) | undefined> {
  while (isWanted()) {
    try {
      return await engine.bus.subscribe(topic, receive);
    } catch {
      await new Promise<void>((resolve) => void clock.after(subscribeAgainMs, resolve));
    }
  }
  return undefined;
}

/** How long somebody stays who may be about to enter elsewhere. Milliseconds. */
export const graceMs = wireLimits.presenceGraceMs;
