// Users and connections wherever they are connected: ending, notices, questions, and who is there. Each node does its part
// for its own sessions; this is both sides of that.

import { utf8Encode, type Clock } from "@heddle/base";
import { errorCodes, type CloseKey } from "@heddle/protocol";
import { frameOf } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import type { NodeId } from "../ports/index.ts";
import type { AskResult } from "../session/ask-result.ts";
import type { Asks } from "../session/asks.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { QuestionOf, Whom } from "./messages.ts";
import type { Nodes } from "./nodes.ts";

/** How long an unacknowledged unicast waits before its outcome is unknown. Milliseconds. */
const unicastMs = 10_000;
/** Connections of one user that a node lists. */
const listedMax = 1_000;

/** Answers of a user's connections, and the nodes that did not say what theirs answered. */
export interface AskedUser {
  readonly answers: readonly AskResult[];
  readonly missing: readonly NodeId[];
}

/** Connections that were ended, and the nodes that did not say. */
export interface Ended {
  readonly count: number;
  readonly missing: readonly NodeId[];
}

/** Who is connected, and the nodes that did not say. */
export interface Connected {
  readonly connections: readonly { readonly connectionId: string; readonly node: NodeId }[];
  /** All of them, those that are not listed included. */
  readonly count: number;
  readonly missing: readonly NodeId[];
}

/** A question to clients, ready to be sent. */
export interface Question {
  readonly op: string;
  readonly json: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PeopleEnv {
  readonly nodes: Nodes;
  readonly sessions: Sessions;
  readonly asks: Asks;
  readonly clock: Clock;
  readonly limits: { readonly nodeAnswerMs: number; readonly asksMax: number };
}

/** A question of another node to clients of this one. */
interface Held {
  readonly results: Promise<readonly AskResult[]>;
  readonly stop: AbortController;
  readonly forget: Disposable;
}

/** What one connection is told: JSON. */
export interface Notice {
  readonly event: string;
  readonly json: string;
}

export class People {
  readonly #env: PeopleEnv;
  readonly #held = new Map<string, Held>();
  #askCounter = 0;

  constructor(env: PeopleEnv) {
    this.#env = env;
    const { nodes, sessions } = env;
    nodes.answer("hangUp", ({ whom, close, why }) => ({ count: this.#hangUpHere(whom, close, why) }));
    nodes.answer("notice", async ({ connection, event, json }) => ({
      outcome: await this.#noticeHere(connection, event, json),
    }));
    nodes.answer("ask", (question, from) => this.#hold(question, from));
    nodes.answer("replies", async ({ id }, from) => ({ results: await this.#repliesTo(`${from} ${id}`) }));
    nodes.answer("stopAsk", ({ id }, from) => {
      this.#held.get(`${from} ${id}`)?.stop.abort();
      return {};
    });
    nodes.answer("connections", ({ user }) => {
      const list = sessions
        .ofUser(user)
        .filter(isConnection)
        .map(({ id }) => id);
      return { list: list.slice(0, listedMax), count: list.length };
    });
  }

  /** Ends all connections of a user, or one, on every node. */
  async hangUp(whom: Whom, close: CloseKey, why: string): Promise<Ended> {
    const { nodes } = this.#env;
    if ("connection" in whom) {
      const node = nodeOf(whom.connection);
      if (!this.#isAlive(node)) return { count: 0, missing: [] };
      const answer = await nodes.ask(node, "hangUp", { whom, close, why }).catch(ifLost(undefined));
      return answer === undefined ? { count: 0, missing: [node] } : { count: answer.count, missing: [] };
    }
    const { answers, missing } = await nodes.askAll("hangUp", { whom, close, why });
    return { count: answers.reduce((sum, { answer }) => sum + answer.count, 0), missing };
  }

  /**
   * A notice to one connection, not kept.
   *
   * @returns `delivered` when the client acknowledged it, `sent` on transports without acknowledgement, else `unknown`
   */
  async notice(connection: string, { event, json }: Notice): Promise<"delivered" | "sent" | "unknown"> {
    const { nodes, limits } = this.#env;
    const node = nodeOf(connection);
    if (!this.#isAlive(node)) return "unknown";
    const waitMs = unicastMs + limits.nodeAnswerMs;
    const answer = await nodes.ask(node, "notice", { connection, event, json }, waitMs).catch(ifLost(undefined));
    return answer?.outcome ?? "unknown";
  }

  /** Which connections a user has. */
  async connectionsOf(user: string): Promise<Connected> {
    const { answers, missing } = await this.#env.nodes.askAll("connections", { user });
    return {
      connections: answers.flatMap(({ node, answer }) => answer.list.map((connectionId) => ({ connectionId, node }))),
      count: answers.reduce((sum, { answer }) => sum + answer.count, 0),
      missing,
    };
  }

  /**
   * Asks every connection of a user, on every node; resolves when all have answered or failed, at the latest
   * `nodeAnswerMs` after `timeoutMs`.
   */
  async askUser(user: string, question: Question): Promise<AskedUser> {
    const { nodes } = this.#env;
    const id = ++this.#askCounter;
    const asked = await Promise.all(
      [nodes.self, ...nodes.others].map((node) =>
        this.#askOn(node, id, { user }, question).then(
          (answers) => ({ answers, missing: [] }),
          (error: unknown) => ({ answers: [], missing: [namedOf(error, node)] }),
        ),
      ),
    );
    return { answers: asked.flatMap(({ answers }) => answers), missing: asked.flatMap(({ missing }) => missing) };
  }

  /** Asks one connection. @throws {HubError} `unknownName` when it is nowhere; naming the `node` when that is lost */
  async askConnection(connection: string, question: Question): Promise<AskResult> {
    const node = nodeOf(connection);
    const [result] = this.#isAlive(node) ? await this.#askOn(node, ++this.#askCounter, { connection }, question) : [];
    if (result === undefined) throw new HubError("unknownName", `no connection ${connection.slice(0, 80)}`);
    return result;
  }

  [Symbol.dispose](): void {
    for (const { forget } of this.#held.values()) forget[Symbol.dispose]();
    this.#held.clear();
  }

  /** @throws {HubError} naming the node */
  async #askOn(node: NodeId, id: number, whom: Whom, question: Question): Promise<readonly AskResult[]> {
    const { nodes, clock, limits } = this.#env;
    const { op, json, timeoutMs, signal } = question;
    if (node === nodes.self) return Promise.all(this.#put(whom, op, json, timeoutMs, signal));
    const endMs = clock.monotonicMs() + timeoutMs + limits.nodeAnswerMs;
    const { connections } = await nodes.ask(node, "ask", { id, whom, op, json, ms: timeoutMs });
    if (connections.length === 0) return [];
    const stop = (): void => void nodes.ask(node, "stopAsk", { id }).catch(() => undefined); // it ends by itself, later
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    try {
      return (await nodes.ask(node, "replies", { id }, Math.max(1, endMs - clock.monotonicMs()))).results;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Puts a question to sessions of this node. One that cannot be asked is a failure like any other. */
  #put(whom: Whom, op: string, json: string, ms: number, signal: AbortSignal | undefined): Promise<AskResult>[] {
    return this.#askedOf(whom).map(async (session): Promise<AskResult> => {
      try {
        return await this.#env.asks.ask(session, op, json, ms, signal);
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        return { connectionId: session.id, is: "failure", code: errorCodes[error.code].code, why: error.message };
      }
    });
  }

  #hold({ id, whom, op, json, ms }: QuestionOf<"ask">, from: NodeId): { readonly connections: readonly string[] } {
    const { clock, limits } = this.#env;
    if (this.#held.size >= limits.asksMax)
      throw new HubError(
        "overloaded",
        `${this.#held.size} questions of other nodes are open, asksMax is ${limits.asksMax}`,
      );
    const stop = new AbortController();
    const connections = this.#askedOf(whom).map(({ id: connection }) => connection);
    const results = Promise.all(this.#put(whom, op, json, ms, stop.signal));
    results.catch(() => undefined); // told to who asks for the replies
    if (connections.length === 0) return { connections };
    const key = `${from} ${id}`;
    // Nobody asks later than this: the question's time is over, and that of the question for its replies.
    const forget = clock.after(ms + 2 * limits.nodeAnswerMs, () => this.#held.delete(key));
    this.#held.set(key, { results, stop, forget });
    return { connections };
  }

  async #repliesTo(key: string): Promise<readonly AskResult[]> {
    const held = this.#held.get(key);
    if (held === undefined) throw new HubError("unknownName", "this question was not put here, or long ago");
    const results = await held.results;
    held.forget[Symbol.dispose]();
    this.#held.delete(key);
    return results;
  }

  #hangUpHere(whom: Whom, close: CloseKey, why: string): number {
    const sessions = this.#sessionsOf(whom);
    for (const session of sessions) session.bye(close, why);
    return "user" in whom ? sessions.filter(isConnection).length : sessions.length;
  }

  #noticeHere(connection: string, event: string, json: string): Promise<"delivered" | "sent" | "unknown"> {
    const session = this.#env.sessions.withId(connection);
    if (session === undefined) return Promise.resolve("unknown");
    const { outgoing } = session;
    const body = {
      ...{ event, id: "", key: "", ts: 0, user: "", traceparent: "", kind: "json" as const },
      data: utf8Encode(json),
    };
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
      const timer = this.#env.clock.after(unicastMs, () => settle("unknown"));
    });
  }

  #sessionsOf(whom: Whom): readonly Session[] {
    const { sessions } = this.#env;
    if ("user" in whom) return sessions.ofUser(whom.user);
    const session = sessions.withId(whom.connection);
    return session === undefined ? [] : [session];
  }

  /** A user is asked where somebody waits for questions; who names a connection means that one. */
  #askedOf(whom: Whom): readonly Session[] {
    const sessions = this.#sessionsOf(whom);
    return "user" in whom ? sessions.filter((session) => isConnection(session) && !isOneChannel(session)) : sessions;
  }

  #isAlive(node: NodeId): boolean {
    const { nodes } = this.#env;
    return node === nodes.self || nodes.others.includes(node);
  }
}

/** A POST of frames is answered and over: nobody is there. */
const isConnection = ({ peer }: Session): boolean => peer.transport !== "frames";
/** What follows one channel, for `EventSource`, can answer nothing. */
const isOneChannel = ({ peer }: Session): boolean => peer.transport === "channel";

/** Connections are named `<node>-<counter>`; a node's name may have dashes of its own. */
const nodeOf = (connectionId: string): NodeId => connectionId.slice(0, Math.max(0, connectionId.lastIndexOf("-")));

/** The node that failed; what is no failure of a node is a bug, and thrown on. */
function namedOf(error: unknown, node: NodeId): NodeId {
  if (error instanceof HubError) return node;
  throw error;
}

const ifLost =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof HubError && error.node !== undefined) return value;
    throw error;
  };
