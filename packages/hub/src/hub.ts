// The hub: assembles what a node consists of, takes connections, and is the embedder's way to publish, ask and end.

import { everyoneChannel, userChannel, type CloseKey, type Guarantee, type Pos } from "@heddle/protocol";
import { Channels } from "./channel/channels.ts";
import { asHubError, Publisher, type Publication } from "./channel/publisher.ts";
import { Admission } from "./pressure/admission.ts";
import { Arrivals } from "./pressure/arrivals.ts";
import { ChannelRates } from "./pressure/channel-rates.ts";
import { MemoryGuard, type MemoryLevel } from "./pressure/memory-guard.ts";
import { UserRates } from "./pressure/rates.ts";
import { ReadBudget } from "./pressure/read-budget.ts";
import { greet } from "./commands/hello.ts";
import { withMembers } from "./commands/presence.ts";
import { runCommand } from "./commands/run.ts";
import { drain, type DrainOptions } from "./drain.ts";
import { HubError } from "./hub-error.ts";
import { Moves } from "./nodes/moves.ts";
import { Nodes } from "./nodes/nodes.ts";
import { People, type AskedUser, type Connected, type Ended, type Notice, type Question } from "./nodes/people.ts";
import type { RevocationTarget } from "./nodes/revocation.ts";
import { revokedAfterMs, Revocations } from "./nodes/revocations.ts";
import { noticeKeep, noticePolicy } from "./notices.ts";
import { expectSecret, resolveLimits, type HubOptions } from "./options.ts";
import {
  newCounters,
  type ConnectionPort,
  type Engine,
  type HubCounters,
  type Peer,
  type PollingSink,
  type ReadQuery,
  type ReadResult,
} from "./ports/index.ts";
import type { Member } from "./presence/members.ts";
import { PresenceLink } from "./presence/presence-link.ts";
import { Answers } from "./session/answers.ts";
import type { AskResult } from "./session/ask-result.ts";
import { Asks } from "./session/asks.ts";
import { Heartbeat } from "./session/heartbeat.ts";
import type { Node } from "./session/node.ts";
import { Session, type SessionHost } from "./session/session.ts";
import { Sessions } from "./session/sessions.ts";

/** How the nodes are, and which did not say. */
export interface NodeStates {
  readonly nodes: readonly {
    readonly node: string;
    readonly connections: number;
    readonly channels: number;
    readonly isDraining: boolean;
  }[];
  readonly missing: readonly string[];
}

export class Hub {
  readonly #node: Node;
  readonly #sessions = new Sessions();
  readonly #nodes: Nodes;
  readonly #people: People;
  readonly #host: SessionHost;
  readonly #presence: PresenceLink;
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
    const presence = (this.#presence = new PresenceLink({ engine, clock, random, limits }));
    const channelEnv = {
      ...{ engine, clock, bulk: options.bulkSender, counters, ringBudget, reads, limits, dropsVolatile, presence },
    };
    const channels = new Channels(channelEnv, limits);
    const name = engine.registry.self;
    const publisher = new Publisher({ engine, random, digest, counters });
    const answers = new Answers(clock, limits.answersMax);
    const asks = new Asks(name, clock, limits.asksMax);
    const nodes = (this.#nodes = new Nodes({ engine, clock, counters, limits }));
    this.#people = new People({ nodes, sessions: this.#sessions, asks, clock, limits });
    const sessions = this.#sessions;
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
      publisher,
      reads,
      admission: new Admission({ clock, limits }),
      arrivals: new Arrivals({ clock, random, limits }),
      userRates: new UserRates(limits),
      channelRates: new ChannelRates(limits),
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
      answers,
      moves: new Moves({ nodes, sessions: this.#sessions, answers, clock, limits }),
      asks,
      revocations: new Revocations({ engine, clock, random, publisher, nodes, limits }),
      open: { callCount: 0, streamCount: 0 },
      pieces: { length: 0 },
      noticePolicy,
      isDraining: false,
      connectionsOf: (userId) => sessions.countOfUser(userId),
    };
    this.#host = {
      node: this.#node,
      opened: (session) => sessions.opened(session),
      ended: (session) => sessions.ended(session),
      greet,
      run: runCommand,
    };
    this.#node.revocations.learned.on(() => this.#endRevoked());
    nodes.answer("state", () => ({
      connections: this.connectionCount,
      channels: this.channelCount,
      isDraining: this.isDraining,
    }));
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
  accept(port: ConnectionPort, peer: Peer): PollingSink {
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
   * A notice to one connection, wherever it is, not kept.
   *
   * @returns `delivered` when the client acknowledged it, `sent` on transports without acknowledgement, else `unknown`
   */
  sendToConnection(connectionId: string, publication: Notice): Promise<"delivered" | "sent" | "unknown"> {
    return this.#people.notice(connectionId, publication);
  }

  /**
   * Asks every connection of a user, on every node; resolves when all have answered or failed, at the latest
   * `nodeAnswerMs` after the question's time.
   */
  askUser(userId: string, question: Question): Promise<AskedUser> {
    return this.#people.askUser(userId, question);
  }

  /** Asks one connection, wherever it is. @throws {HubError} `unknownName` when it is nowhere; naming the `node` when that is lost */
  askConnection(connectionId: string, question: Question): Promise<AskResult> {
    return this.#people.askConnection(connectionId, question);
  }

  /**
   * As `askConnection`, for many values, of a connection of this node: what iterating throws says why there are no more.
   * @throws {HubError} `unknownName`; `badRequest` for a client over HTTP
   */
  askConnectionStream(connectionId: string, { op, json, timeoutMs, signal }: Question): AsyncIterable<unknown> {
    const session = this.#sessions.withId(connectionId);
    if (session === undefined) throw new HubError("unknownName", `no connection ${connectionId} on this node`);
    if (!session.outgoing.port.windowed)
      throw new HubError("badRequest", `${op}: a stream of answers needs a WebSocket, ${connectionId} has none`);
    return this.#node.asks.stream(session, op, json, timeoutMs, signal);
  }

  /** A user's connections, on every node. */
  connectionsOf(userId: string): Promise<Connected> {
    return this.#people.connectionsOf(userId);
  }

  /** How every node is. */
  async nodes(): Promise<NodeStates> {
    const { answers, missing } = await this.#nodes.askAll("state", {});
    return { nodes: answers.map(({ node, answer }) => ({ node, ...answer })), missing };
  }

  /**
   * Takes tokens back, on every node: their sessions end within a second, and no new one begins with such a token.
   *
   * @returns `missing`: nodes that did not confirm it; they learn it from the log
   * @throws {HubError} when the store did not take it: then nothing was revoked, or it is not known (`outcomeUnknown`)
   */
  revoke(target: RevocationTarget, why = "revoked"): Promise<{ readonly missing: readonly string[] }> {
    return this.#node.revocations.revoke(target, why);
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

  /** The members of a channel on all nodes. @throws {HubError} `overloaded`; {EngineError} when the other nodes cannot be asked */
  async members(channel: string): Promise<readonly Member[]> {
    return withMembers(this.#node, channel, this.#policyOf(channel), (presence) => presence.all());
  }

  /** How many there are. @throws as `members` */
  async memberCount(channel: string): Promise<number> {
    return withMembers(this.#node, channel, this.#policyOf(channel), (presence) => presence.count);
  }

  /** Ends all connections of a user, on every node. They may come back, if the close code lets them; see `revoke`. */
  disconnectUser(userId: string, key: CloseKey = "banned", why = "ended by the server"): Promise<Ended> {
    return this.#people.hangUp({ user: userId }, key, why);
  }

  /** Ends one connection, wherever it is. */
  disconnectConnection(connectionId: string, key: CloseKey = "banned", why = "ended by the server"): Promise<Ended> {
    return this.#people.hangUp({ connection: connectionId }, key, why);
  }

  /**
   * Takes nobody new, and lets the clients go elsewhere a part at a time. Resolves when all have gone.
   *
   * @throws {OptionError}
   */
  async moveOut(options?: DrainOptions): Promise<void> {
    const { clock, random } = this.#node;
    const done = drain({ clock, random, sessions: () => this.#sessions.all() }, options);
    this.#node.isDraining = true;
    await done;
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
    this.#people[Symbol.dispose]();
    this.#node.revocations[Symbol.dispose]();
    this.#nodes[Symbol.dispose]();
    this.#node.channels[Symbol.dispose]();
    this.#presence[Symbol.dispose]();
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

  #endRevoked(): void {
    const { revocations, counters } = this.#node;
    for (const session of this.#sessions.all()) {
      const revocation = revocations.covering(session.actor, session.id);
      if (revocation === undefined) continue;
      counters.revocations++;
      session.bye("revoked", revocation.why, { after: revokedAfterMs });
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
