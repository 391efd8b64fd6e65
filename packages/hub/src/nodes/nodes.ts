// Questions from node to node: one node, or all that are alive, in bounded time. Who does not answer is named. Knows how
// to ask and what a lost node means; what is asked is registered by others.

import { messageOf, type Clock } from "@heddle/base";
import { asHubError } from "../channel/publisher.ts";
import { HubError } from "../hub-error.ts";
import { EngineError, othersOf, type Engine, type HubCounters, type NodeId } from "../ports/index.ts";
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeFailure,
  encodeQuestion,
  encodeUnknown,
  type AnswerOf,
  type Kind,
  type QuestionOf,
} from "./messages.ts";

export interface NodesLimits {
  /** How long another node has to answer. Milliseconds, 10…60_000, default 1_000. */
  readonly nodeAnswerMs: number;
  /** One message between nodes. Bytes, 65_536…16_777_216, default 1_048_576. */
  readonly nodeMessageBytes: number;
}

export interface NodesEnv {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly counters: HubCounters;
  readonly limits: NodesLimits;
}

/** What all nodes said, this one first. */
export interface Gathered<Answer> {
  readonly answers: readonly { readonly node: NodeId; readonly answer: Answer }[];
  /** Alive by the registry, and without an answer. */
  readonly missing: readonly NodeId[];
}

type Responder = (question: unknown, from: NodeId) => unknown;

export class Nodes {
  readonly #env: NodesEnv;
  readonly #responders = new Map<Kind, Responder>();
  /** Questions under way, by the node they were put to. */
  readonly #waiting = new Map<NodeId, Set<(error: HubError) => void>>();
  readonly #stopWatching: () => void;

  constructor(env: NodesEnv) {
    this.#env = env;
    const { bus, registry } = env.engine;
    bus.respond((body, from) => this.#respond(body, from));
    this.#stopWatching = registry.changed.on(({ left }) => left.forEach((node) => this.#gone(node)));
  }

  get self(): NodeId {
    return this.#env.engine.registry.self;
  }

  /** The other nodes that are alive. */
  get others(): readonly NodeId[] {
    return othersOf(this.#env.engine.registry);
  }

  /** Answers one kind of question. A throw is told to the asking node as what it means on the wire. */
  answer<K extends Kind>(
    kind: K,
    respond: (question: QuestionOf<K>, from: NodeId) => AnswerOf<K> | Promise<AnswerOf<K>>,
  ): void {
    this.#responders.set(kind, respond as Responder);
  }

  /**
   * Asks one node, this one without a way between.
   *
   * @param timeoutMs  default `nodeAnswerMs`
   * @throws {HubError} naming the `node`: `unknownName` when it is not alive, `brokerUnavailable` when it was not asked,
   *   `outcomeUnknown` when it was and did not answer, or what it answered
   */
  async ask<K extends Kind>(
    node: NodeId,
    kind: K,
    question: QuestionOf<K>,
    timeoutMs = this.#env.limits.nodeAnswerMs,
  ): Promise<AnswerOf<K>> {
    if (node === this.self) return (await this.#responders.get(kind)?.(question, node)) as AnswerOf<K>;
    if (!this.others.includes(node)) throw new HubError("unknownName", `no node ${node.slice(0, 80)}`, { node });
    const { counters, limits } = this.#env;
    counters.nodeQuestions++;
    const body = encodeQuestion(kind, question);
    if (body.length > limits.nodeMessageBytes)
      throw new HubError("tooLarge", `${body.length} bytes for node ${node}, nodeMessageBytes is less`, { node });
    try {
      return opened(node, kind, await this.#unlessGone(node, this.#request(node, body, timeoutMs)));
    } catch (error) {
      counters.nodeFailures++;
      throw error;
    }
  }

  /** Asks every node that is alive, this one included. Whoever does not answer within `nodeAnswerMs` is `missing`. */
  async askAll<K extends Kind>(kind: K, question: QuestionOf<K>): Promise<Gathered<AnswerOf<K>>> {
    const nodes = [this.self, ...this.others];
    const settled = await Promise.allSettled(nodes.map((node) => this.ask(node, kind, question)));
    const answers: { node: NodeId; answer: AnswerOf<K> }[] = [];
    const missing: NodeId[] = [];
    settled.forEach((result, index) => {
      const node = nodes[index] as NodeId;
      if (result.status === "fulfilled") answers.push({ node, answer: result.value });
      else missing.push(node);
    });
    return { answers, missing };
  }

  [Symbol.dispose](): void {
    this.#stopWatching();
    for (const node of [...this.#waiting.keys()]) this.#gone(node);
  }

  /** A bus that breaks its own contract must not leave anybody waiting, so the time is kept here as well. */
  #request(node: NodeId, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { engine, clock } = this.#env;
    return new Promise((resolve, reject) => {
      const why = `node ${node} did not answer within ${timeoutMs} ms`;
      const timer = clock.after(timeoutMs, () => reject(new HubError("outcomeUnknown", why, { node })));
      engine.bus
        .request(node, body, timeoutMs)
        .then(resolve, (error: unknown) => {
          const code =
            error instanceof EngineError && error.code === "unreachable" ? "brokerUnavailable" : "outcomeUnknown";
          reject(new HubError(code, `node ${node}: ${messageOf(error)}`, { node, cause: error }));
        })
        .finally(() => timer[Symbol.dispose]());
    });
  }

  /** A node that leaves answers nothing any more: whoever waits for it learns that at once. */
  async #unlessGone<T>(node: NodeId, asked: Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(node) ?? new Set();
    this.#waiting.set(node, waiting);
    let giveUp: ((error: HubError) => void) | undefined;
    const gone = new Promise<never>((_, reject) => waiting.add((giveUp = reject)));
    try {
      return await Promise.race([asked, gone]);
    } finally {
      if (giveUp !== undefined) waiting.delete(giveUp);
      if (waiting.size === 0 && this.#waiting.get(node) === waiting) this.#waiting.delete(node);
    }
  }

  #gone(node: NodeId): void {
    const waiting = this.#waiting.get(node) ?? [];
    for (const giveUp of [...waiting]) giveUp(new HubError("outcomeUnknown", `node ${node} is gone`, { node }));
  }

  async #respond(body: Uint8Array, from: NodeId): Promise<Uint8Array> {
    const { counters, limits } = this.#env;
    counters.nodeAnswers++;
    const asked = decodeQuestion(body);
    if (asked.is === "bad") return encodeFailure("badRequest", asked.why);
    const respond = asked.is === "question" ? this.#responders.get(asked.kind) : undefined;
    if (asked.is === "unknown" || respond === undefined) return encodeUnknown();
    try {
      const answer = encodeAnswer((await respond(asked.question, from)) as AnswerOf<Kind>);
      if (answer.length <= limits.nodeMessageBytes) return answer;
      return encodeFailure("tooLarge", `${answer.length} bytes, nodeMessageBytes is ${limits.nodeMessageBytes}`);
    } catch (error) {
      const { code, message } = asHubError(error);
      return encodeFailure(code, message);
    }
  }
}

/** @throws {HubError} */
function opened<K extends Kind>(node: NodeId, kind: K, body: Uint8Array): AnswerOf<K> {
  const answered = decodeAnswer(kind, body);
  switch (answered.is) {
    case "answer":
      return answered.answer;
    case "failed":
      throw new HubError(answered.code, `node ${node}: ${answered.why}`, { node });
    case "unknown":
      throw new HubError("failed", `node ${node} does not know the question ${kind}`, { node });
    case "bad":
      throw new HubError("failed", `node ${node}: ${answered.why}`, { node });
  }
}
