// Users and connections as addresses: notices to them, questions to them, and showing them out.

import { expectInteger } from "@heddle/base";
import { errorCodes, toWirePos, type WirePos } from "@heddle/protocol";
import type {
  AskInput,
  AskName,
  AskOutput,
  CallDefinition,
  Contract,
  NoticeInput,
  NoticeName,
  StreamAskName,
} from "@heddle/protocol/contract";
import { HubError, type AskResult, type Connected, type Ended, type Hub, type Question } from "@heddle/hub";
import { check, expectValid, serialise } from "./payload.ts";

export interface AskOptions {
  /** How long answers are waited for. Milliseconds, 1…600_000, default 10_000. */
  readonly timeoutMs?: number;
  /** Aborted: nobody waits any longer, and the clients are told. */
  readonly signal?: AbortSignal;
}

/** What a user's connections said. */
export interface UserAnswers<Answer> {
  readonly answers: readonly { readonly connectionId: string; readonly value: Answer }[];
  /** Connections that gave none: `code` is of the table of errors, or the client's own. */
  readonly failures: readonly { readonly connectionId: string; readonly code: number; readonly why: string }[];
  /** Nodes that did not say what their connections answered. */
  readonly missing: readonly string[];
}

const defaultTimeoutMs = 10_000;
const timeoutMsMax = 600_000;

/** What addresses need: the contract's schemas, and the hub once it is open. */
export interface RecipientEnv {
  readonly contract: Contract;
  hub(): Promise<Hub>;
}

/** A user: all of their connections. */
export class UserRecipient<C extends Contract> {
  readonly #env: RecipientEnv;
  readonly id: string;

  constructor(env: RecipientEnv, id: string) {
    this.#env = env;
    this.id = id;
  }

  /** A notice to every device, kept for those offline (the newest 100, a day). @throws {HubError} */
  async send<N extends NoticeName<C>>(
    notice: N,
    payload: NoticeInput<C, N>,
  ): Promise<{ position: WirePos | undefined }> {
    const publication = await noticeOf(this.#env, notice, payload);
    const hub = await this.#env.hub();
    const { position } = await hub.sendToUser(this.id, publication);
    return { position: position && toWirePos(position) };
  }

  /**
   * Asks every connection, on every node; resolves when all have answered or failed, at the latest `nodeAnswerMs` after
   * `timeoutMs`. @throws {HubError} `refused` when the payload breaks its schema
   */
  async ask<N extends Exclude<AskName<C>, StreamAskName<C>>>(
    name: N,
    payload: AskInput<C, N>,
    options: AskOptions = {},
  ): Promise<UserAnswers<AskOutput<C, N>>> {
    const question = await questionOf(this.#env, name, payload, options);
    const hub = await this.#env.hub();
    const asked = await hub.askUser(this.id, question);
    const results = await Promise.all(asked.answers.map((result) => examined(this.#env, name, result)));
    const answers = results.flatMap((result) =>
      result.is === "answer" ? [{ connectionId: result.connectionId, value: result.value as AskOutput<C, N> }] : [],
    );
    const failures = results.flatMap((result) =>
      result.is === "failure" ? [{ connectionId: result.connectionId, code: result.code, why: result.why }] : [],
    );
    return { answers, failures, missing: asked.missing };
  }

  /** This user's connections, on every node. */
  async connections(): Promise<Connected> {
    const hub = await this.#env.hub();
    return hub.connectionsOf(this.id);
  }

  /**
   * Ends all of this user's connections, on every node, for good (4403): they do not come back by themselves. A node that
   * is `missing` did not say; `server.revoke` reaches it for certain.
   */
  async disconnect(why = "ended by the server"): Promise<Ended> {
    const hub = await this.#env.hub();
    return hub.disconnectUser(this.id, "banned", why);
  }
}

/** One connection, wherever it is. */
export class ConnectionRecipient<C extends Contract> {
  readonly #env: RecipientEnv;
  readonly id: string;

  constructor(env: RecipientEnv, id: string) {
    this.#env = env;
    this.id = id;
  }

  /**
   * A notice to this connection alone, not kept.
   *
   * @returns `delivered` once the client has taken it, `unknown` when it is nowhere or did not say so in 10 s
   * @throws {HubError} `refused` when the payload breaks its schema
   */
  async send<N extends NoticeName<C>>(
    notice: N,
    payload: NoticeInput<C, N>,
  ): Promise<"delivered" | "sent" | "unknown"> {
    const publication = await noticeOf(this.#env, notice, payload);
    const hub = await this.#env.hub();
    return hub.sendToConnection(this.id, publication);
  }

  /**
   * Asks this connection. @throws {HubError} `unknownName` when it is nowhere, else why there is no answer; `node` names the
   * node it is on when that is lost
   */
  async ask<N extends Exclude<AskName<C>, StreamAskName<C>>>(
    name: N,
    payload: AskInput<C, N>,
    options: AskOptions = {},
  ): Promise<AskOutput<C, N>> {
    const question = await questionOf(this.#env, name, payload, options);
    const hub = await this.#env.hub();
    const result = await hub.askConnection(this.id, question);
    const settled = await examined(this.#env, name, result);
    if (settled.is === "failure") throw HubError.ofWire(settled.code, `${name}: ${settled.why}`);
    return settled.value as AskOutput<C, N>;
  }

  /** Ends this connection, for good (4403). */
  async disconnect(why = "ended by the server"): Promise<Ended> {
    const hub = await this.#env.hub();
    return hub.disconnectConnection(this.id, "banned", why);
  }

  /**
   * Asks this connection for many values. Nothing is sent before the iteration begins; the client sends on as it goes, and
   * leaving it stops the client. `timeoutMs` is for all of them.
   *
   * Iterating throws {HubError} `unknownName` when the connection is not here, `refused` for a value that breaks its schema,
   * else why there are no more.
   */
  async *askStream<N extends StreamAskName<C>>(
    name: N,
    payload: AskInput<C, N>,
    options: AskOptions = {},
  ): AsyncGenerator<AskOutput<C, N>, void> {
    const question = await questionOf(this.#env, name, payload, options);
    const hub = await this.#env.hub();
    const schema = (this.#env.contract.asks[name] as CallDefinition).output; // `questionOf` has seen it
    for await (const value of hub.askConnectionStream(this.id, question))
      yield (await expectValid(`${name}: answer`, schema, value)) as AskOutput<C, N>;
  }
}

/** A checked notice, ready to be sent. @throws {HubError} */
export async function noticeOf(
  { contract }: RecipientEnv,
  notice: string,
  payload: unknown,
): Promise<{ event: string; json: string }> {
  const schema = Object.hasOwn(contract.notices, notice) ? contract.notices[notice] : undefined;
  if (schema === undefined) throw new HubError("unknownName", `no notice ${JSON.stringify(notice)} in the contract`);
  return { event: notice, json: serialise(notice, await expectValid(notice, schema, payload)) };
}

async function questionOf(
  { contract }: RecipientEnv,
  name: string,
  payload: unknown,
  { timeoutMs = defaultTimeoutMs, signal }: AskOptions,
): Promise<Question> {
  expectInteger("ask.timeoutMs", timeoutMs, 1, timeoutMsMax);
  const definition = Object.hasOwn(contract.asks, name) ? contract.asks[name] : undefined;
  if (definition === undefined) throw new HubError("unknownName", `no ask ${JSON.stringify(name)} in the contract`);
  return { op: name, json: serialise(name, await expectValid(name, definition.input, payload)), timeoutMs, signal };
}

/** A client's answer is a stranger's text: what breaks the schema is no answer. */
async function examined({ contract }: RecipientEnv, name: string, result: AskResult): Promise<AskResult> {
  const schema = contract.asks[name]?.output;
  if (result.is === "failure" || schema === undefined) return result;
  const { connectionId } = result;
  const checked = await check(`${name}: answer`, schema, result.value);
  if (checked.is === "ok") return { connectionId, is: "answer", value: checked.value };
  return { connectionId, is: "failure", code: errorCodes.refused.code, why: checked.why };
}
