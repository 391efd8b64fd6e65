// One connection to one Redis, made once and never again: whoever needs another opens another. The only file that knows ioredis.

import { EngineError } from "@heddle/hub/ports";
import { messageOf } from "@heddle/base";
import { Redis } from "ioredis";
import { addressText, type Access, type Address, type RedisLimits } from "./limits.ts";

export type Argument = string | Uint8Array;
export type Reply = null | number | Buffer | readonly Reply[];

/** Redis answered with an error; nothing was done, but for what a script did before. */
export class ReplyError extends Error {
  /** The first word: `MOVED`, `NOSCRIPT`, `ERR`. */
  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

export interface ConnectionEvents {
  message(topic: string, body: Buffer): void;
  /** A topic's slot is elsewhere now. */
  moved(): void;
  /** Once, when it ends, by whichever side. */
  closed(why: string): void;
}

/** What the engine needs of a connection. */
export interface Connection {
  readonly address: Address;
  /** Commands are carried out in the order they are called. @throws {ReplyError | EngineError} */
  call(...command: readonly Argument[]): Promise<Reply>;
  close(): void;
}

export type Connect = (address: Address, access: Access, events?: Partial<ConnectionEvents>) => Promise<Connection>;

/** Connections by ioredis, with everything off that it would do by itself. */
export function connector(limits: Pick<RedisLimits, "connectMs" | "answerMs">): Connect {
  return async (address, access, events = {}) => {
    const redis = new Redis({
      ...{ host: address.host, port: address.port, connectTimeout: limits.connectMs, commandTimeout: limits.answerMs },
      ...(access.username === undefined ? {} : { username: access.username }),
      ...(access.password === undefined ? {} : { password: access.password }),
      ...(access.tls === undefined ? {} : { tls: { servername: address.host, ...access.tls } }),
      ...{ lazyConnect: true, retryStrategy: () => null, enableOfflineQueue: false, enableReadyCheck: false },
      ...{ autoResubscribe: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: null },
      ...{ disableClientInfo: true, connectionName: "heddle" },
    });
    const connection = new IoredisConnection(redis, address, events);
    try {
      await redis.connect();
    } catch (error) {
      connection.close();
      const why = connection.lastError ?? messageOf(error);
      throw new EngineError("unreachable", `Redis at ${addressText(address)}: ${why}`, { cause: error });
    }
    return connection;
  };
}

class IoredisConnection implements Connection {
  readonly address: Address;
  readonly #redis: Redis;
  lastError: string | undefined;
  #isCorked = false;

  constructor(redis: Redis, address: Address, { message, moved, closed }: Partial<ConnectionEvents>) {
    this.#redis = redis;
    this.address = address;
    // Without a listener an error would end the process; `closed` tells of it.
    redis.on("error", (error: Error) => (this.lastError = error.message));
    if (message !== undefined) {
      const pass = (topic: Buffer, body: Buffer): void => message(topic.toString(), body);
      redis.on("messageBuffer", pass);
      redis.on("smessageBuffer", pass);
    }
    if (moved !== undefined) redis.on("moved", moved);
    redis.once("end", () => closed?.(this.lastError ?? "the connection was closed"));
  }

  async call(name: string, ...args: readonly Argument[]): Promise<Reply> {
    this.#cork();
    try {
      return (await this.#redis.callBuffer(name, args.map(sendable))) as Reply;
    } catch (error) {
      throw this.#translated(error);
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** What is called in one turn leaves in one write. */
  #cork(): void {
    const { stream } = this.#redis;
    if (this.#isCorked || stream === undefined) return;
    this.#isCorked = true;
    stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }

  #translated(error: unknown): Error {
    const text = messageOf(error);
    if (error instanceof Error && error.name === "ReplyError") return new ReplyError(text);
    // Only what was never written is known not to have happened.
    const code = text.startsWith("Stream isn't writeable") ? "unreachable" : "unknown";
    return new EngineError(code, `Redis at ${addressText(this.address)}: ${this.lastError ?? text}`, { cause: error });
  }
}

const sendable = (argument: Argument): string | Buffer =>
  typeof argument === "string" ? argument : Buffer.from(argument.buffer, argument.byteOffset, argument.length);

const refusals: Readonly<Record<string, "unreachable" | "overloaded">> = {
  ...{ LOADING: "unreachable", READONLY: "unreachable", MASTERDOWN: "unreachable", CLUSTERDOWN: "unreachable" },
  ...{ MOVED: "unreachable", ASK: "unreachable", TRYAGAIN: "unreachable" },
  ...{ NOAUTH: "unreachable", NOPERM: "unreachable", WRONGPASS: "unreachable" },
  ...{ OOM: "overloaded", MISCONF: "overloaded", NOREPLICAS: "overloaded", BUSY: "overloaded" },
};

/** The engine's error for anything a command was answered. */
export function engineErrorOf(error: unknown, what: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = error instanceof ReplyError ? (refusals[error.code] ?? "failed") : "failed";
  return new EngineError(code, `Redis: ${what}: ${messageOf(error)}`, { cause: error });
}

/** Text of a reply that is one. */
export const textOf = (reply: Reply | undefined): string =>
  reply instanceof Buffer ? reply.toString() : typeof reply === "number" ? `${reply}` : "";

export const listOf = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? (reply as Reply[]) : []);
