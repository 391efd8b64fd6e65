// The hub: assembles what a node consists of, takes connections, and is the embedder's way to publish, ask and end.

import { utf8Encode } from "@heddle/base";
import { everyoneChannel, userChannel, type CloseKey, type Guarantee, type Pos } from "@heddle/protocol";
import { Channels } from "./channel/channels.ts";
import { frameOf } from "./channel/frames.ts";
import { asHubError, Publisher, type Publication } from "./channel/publisher.ts";
import { Admission } from "./pressure/admission.ts";
import { MemoryGuard, type MemoryLevel } from "./pressure/memory-guard.ts";
import { UserRates } from "./pressure/rates.ts";
import { ReadBudget } from "./pressure/read-budget.ts";
import { greet } from "./commands/hello.ts";
import { runCommand } from "./commands/run.ts";
import { HubError } from "./hub-error.ts";
import { noticeKeep, noticePolicy } from "./notices.ts";
import { expectSecret, resolveLimits, type HubOptions } from "./options.ts";
import {
  newCounters,
  type ConnectionPort,
  type ConnectionSink,
  type Engine,
  type HubCounters,
  type Peer,
  type ReadQuery,
  type ReadResult,
} from "./ports/index.ts";
import type { Member } from "./presence/presence.ts";
import { Answers } from "./session/answers.ts";
import { Asks, type AskResult } from "./session/asks.ts";
import { Heartbeat } from "./session/heartbeat.ts";
import type { Node } from "./session/node.ts";
import { Session, type SessionHost } from "./session/session.ts";
import { Sessions } from "./session/sessions.ts";

/** How long an unacknowledged unicast waits before its outcome is unknown. Milliseconds. */
const unicastMs = 10_000;

/** Answers of a user's connections, and nodes that could not be asked. */
export interface AskedUser {
  readonly answers: readonly AskResult[];
  readonly missing: readonly string[];
}

export class Hub {
  readonly #node: Node;
  readonly #sessions = new Sessions();
  readonly #host: SessionHost;
  #sessionCounter = 0;
  #isClosed = false;

  /** Starts the engine and opens a hub on it. The caller owns it and calls `close`. @throws {OptionError} */
  static async open(options: HubOptions): Promise<Hub> {
    expectSecret(options.clusterSecret);
    resolveLimits(options.limits);
    await options.engine.start({ clock: options.clock, random: options.random });
    return new Hub(options);
  }

  private constructor(options: HubOptions) {
    const { clock, random, engine, digest } = options;
    const limits = resolveLimits(options.limits);
    const counters = newCounters();
    const reads = new ReadBudget({ clock, counters, limits });
    const ringBudget = { bytesMax: limits.ringsBytes, bytes: 0 };
    const dropsVolatile = (): boolean => this.#node.memory.dropsVolatile;
    const channelEnv = {
      ...{ engine, clock, bulk: options.bulkSender, counters, ringBudget, reads, limits, dropsVolatile },
    };
    const channels = new Channels(channelEnv, limits);
    const name = engine.registry.self;
    this.#node = {
      name,
      engine,
      application: options.application,
      authenticator: options.authenticator,
      clock,
      random,
      digest,
      clusterSecret: options.clusterSecret,
      limits,
      counters,
      guarantee: guaranteeOf(engine),
      channels,
      publisher: new Publisher({ engine, random, digest, counters }),
      reads,
      admission: new Admission({ clock, limits }),
      userRates: new UserRates(limits),
      memory: new MemoryGuard(
        options.memory,
        {
          limitRings: (share) => {
            ringBudget.bytesMax = limits.ringsBytes * share;
            channels.shrink();
          },
          closeLagging: () => this.#closeLagging(),
        },
        { clock, counters, limits },
      ),
      heartbeat: new Heartbeat(clock, random, limits.pingMs),
      answers: new Answers(clock, limits.answersMax),
      asks: new Asks(name, clock, limits.asksMax),
      open: { callCount: 0, streamCount: 0 },
      noticePolicy,
      isDraining: false,
    };
    const sessions = this.#sessions;
    this.#host = {
      node: this.#node,
      opened: (session) => sessions.opened(session),
      ended: (session) => sessions.ended(session),
      withSecret: (secret) => sessions.withSecret(secret),
      greet,
      run: runCommand,
    };
  }

  get nodeName(): string {
    return this.#node.name;
  }

  get counters(): Readonly<HubCounters> {
    return this.#node.counters;
  }

  get guarantee(): Guarantee {
    return this.#node.guarantee;
  }

  get connectionCount(): number {
    return this.#sessions.count;
  }

  get channelCount(): number {
    return this.#node.channels.count;
  }

  /** Whether new connections are taken: not while memory is short. */
  get takesNewcomers(): boolean {
    return this.#node.memory.takesNewcomers;
  }

  /** How short memory is; see `HubLimits`. */
  get memoryLevel(): MemoryLevel {
    return this.#node.memory.level;
  }

  get isDraining(): boolean {
    return this.#node.isDraining;
  }

  /** A transport has a new connection. What is returned takes its messages and its end. */
  accept(port: ConnectionPort, peer: Peer): ConnectionSink {
    return new Session(this.#host, port, peer, `${this.#node.name}-${++this.#sessionCounter}`);
  }

  /** Stores and delivers. The payload was checked and serialised by the caller. @throws {HubError} */
  publish(
    channel: string,
    publication: Publication & { readonly idempotencyKey?: string },
  ): Promise<{ position: Pos | undefined; duplicate: boolean }> {
    const { keep } = this.#policyOf(channel);
    return this.#node.publisher.publish(channel, keep, publication, publication.idempotencyKey);
  }

  /** Delivers to whoever listens now. Nothing is stored. */
  publishVolatile(channel: string, publication: Publication): void {
    this.#policyOf(channel);
    this.#node.publisher.publishVolatile(channel, publication);
  }

  /** A notice to every device of a user, kept for those offline. @throws {HubError} */
  sendToUser(userId: string, publication: Publication): Promise<{ position: Pos | undefined }> {
    return this.#node.publisher.publish(userChannel(userId), noticeKeep, publication);
  }

  /** A notice to everyone. @throws {HubError} */
  broadcast(publication: Publication): Promise<{ position: Pos | undefined }> {
    return this.#node.publisher.publish(everyoneChannel, noticeKeep, publication);
  }

  /**
   * A notice to one connection of this node, not kept.
   *
   * @returns `delivered` when the client acknowledged it, `sent` on transports without acknowledgement, else `unknown`
   */
  sendToConnection(connectionId: string, { event, json }: Publication): Promise<"delivered" | "sent" | "unknown"> {
    const session = this.#sessions.withId(connectionId);
    if (session === undefined) return Promise.resolve("unknown");
    const { outgoing } = session;
    const body = {
      event,
      id: "",
      key: "",
      ts: 0,
      user: "",
      traceparent: "",
      kind: "json",
      data: utf8Encode(json),
    } as const;
    outgoing.send(frameOf(outgoing.codec.publication(0, body), "control", 0));
    if (!outgoing.port.windowed) return Promise.resolve("sent");
    const sentCount = outgoing.sentCount;
    return new Promise((resolve) => {
      const settle = (outcome: "delivered" | "unknown"): void => {
        stop();
        timer[Symbol.dispose]();
        resolve(outcome);
      };
      const stop = outgoing.acknowledged.on((count) => count >= sentCount && settle("delivered"));
      const timer = this.#node.clock.after(unicastMs, () => settle("unknown"));
    });
  }

  /** Asks every connection of a user; resolves when all have answered or failed, at the latest after `timeoutMs`. */
  async askUser(userId: string, op: string, json: string, timeoutMs: number, signal?: AbortSignal): Promise<AskedUser> {
    const asked = this.#sessions
      .ofUser(userId)
      .map((session) => this.#node.asks.ask(session, op, json, timeoutMs, signal));
    const answers = await Promise.all(asked);
    const { self, alive } = this.#node.engine.registry;
    return { answers, missing: alive().filter((node) => node !== self) };
  }

  /** Asks one connection of this node. @throws {HubError} `unknownName` when it is not here */
  async askConnection(
    connectionId: string,
    op: string,
    json: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<AskResult> {
    const session = this.#sessions.withId(connectionId);
    if (session === undefined) throw new HubError("unknownName", `no connection ${connectionId} on this node`);
    return this.#node.asks.ask(session, op, json, timeoutMs, signal);
  }

  /** Reads a channel's log. @throws {HubError} */
  async history(channel: string, query: ReadQuery): Promise<ReadResult> {
    this.#policyOf(channel);
    try {
      return await this.#node.reads.run(this, () => this.#node.engine.log.read(channel, query));
    } catch (error) {
      throw asHubError(error);
    }
  }

  /** The members of a channel that this node hosts. */
  members(channel: string): readonly Member[] {
    return this.#node.channels.held(channel)?.presence.members ?? [];
  }

  /** Ends all connections of a user on this node. @returns how many */
  disconnectUser(userId: string, key: CloseKey = "banned", why = "ended by the server"): number {
    const sessions = this.#sessions.ofUser(userId);
    for (const session of sessions) session.bye(key, why);
    return sessions.length;
  }

  /**
   * Asks every client to go elsewhere and takes no new ones.
   *
   * @param spreadMs  clients come back at a moment of their own within this time, 0…600_000, default 1_000
   */
  async drain({ spreadMs = 1_000 }: { readonly spreadMs?: number } = {}): Promise<void> {
    const node = this.#node;
    node.isDraining = true;
    for (const session of this.#sessions.all()) {
      session.bye("draining", "this node is going away", { after: Math.round(node.random.float() * spreadMs) });
    }
    await new Promise<void>((resolve) => node.clock.turnEnd(resolve));
  }

  /** Drains, then gives everything up. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#node.isDraining) await this.drain();
    this.#node.channels[Symbol.dispose]();
    this.#node.heartbeat[Symbol.dispose]();
    this.#node.memory[Symbol.dispose]();
    await this.#node.engine.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Those who are behind hold the most for the longest; they read on elsewhere, or here when there is room. */
  #closeLagging(): void {
    for (const session of this.#sessions.all()) {
      if (!session.outgoing.isLagging) continue;
      this.#node.counters.memoryCloses++;
      session.bye("overloaded", "this node is short of memory", { after: 5_000 });
    }
  }

  #policyOf(channel: string): NonNullable<ReturnType<Node["application"]["channel"]>> {
    const policy = this.#node.application.channel(channel);
    if (policy === undefined) throw new HubError("unknownName", `${channel}: no such channel`);
    return policy;
  }
}

/** What may be promised on this engine, and no more. */
function guaranteeOf({ name, traits }: Engine): Guarantee {
  const fork = !traits.phantoms && traits.ack === "memory" ? "never" : traits.prevTag ? "now" : "audit";
  return { log: name, ack: traits.ack, fork, fifo: traits.producer === "none" ? "settled" : "strict" };
}
