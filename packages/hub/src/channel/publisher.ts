// Appending to a log on behalf of clients and of the server itself: ids, content hashes, fresh tags, and what the
// store's answer means to the one who asked.

import { base64Encode, base64urlEncode, messageOf, utf8Encode, type Random } from "@heddle/base";
import { entryTagMin, type Pos } from "@heddle/protocol";
import { HubError } from "../hub-error.ts";
import {
  EngineError,
  type Appended,
  type Content,
  type Dedup,
  type Digest,
  type Draft,
  type Engine,
  type HubCounters,
  type Keep,
} from "../ports/index.ts";
import { encodeVolatile, volatileTopic } from "./volatile.ts";

/** A publication whose payload was checked and serialised once. */
export type Publication = Content & {
  readonly event: string;
  /** Conflation key, at most `wireLimits.keyBytes`. */
  readonly key?: string;
  readonly traceparent?: string;
};

/** Who publishes, and how a repetition is recognised. */
export interface Origin {
  readonly id: string;
  readonly user: string;
  readonly dedup: Dedup;
  readonly expect?: Pos;
}

const hashBytes = 8;

/** What a log and a codec take of a payload. */
export const storedOf = ({ json, bytes }: Content): Pick<Draft, "kind" | "data"> =>
  bytes === undefined ? { kind: "json", data: utf8Encode(json) } : { kind: "bytes", data: bytes };

/** Bytes as a content hash takes them; no JSON text begins so. */
export const hashedBytes = (bytes: Uint8Array): string => `b:${base64Encode(bytes)}`;

export class Publisher {
  readonly #engine: Engine;
  readonly #random: Random;
  readonly #digest: Digest;
  readonly #counters: HubCounters;
  /** Names this hub's life; its own publishes count up under it. */
  readonly #incarnation: string;
  #counter = 0;

  constructor(env: { engine: Engine; random: Random; digest: Digest; counters: HubCounters }) {
    this.#engine = env.engine;
    this.#random = env.random;
    this.#digest = env.digest;
    this.#counters = env.counters;
    this.#incarnation = base64urlEncode(env.random.bytes(9));
  }

  /** 64 bits over event, key and the client's own value, as JSON text or `hashedBytes`, before any hook: a hook may stamp times. */
  contentHash(event: string, key: string, value: string): string {
    const text = JSON.stringify([event, key, value]);
    return base64urlEncode(this.#digest.sha256(utf8Encode(text)).subarray(0, hashBytes));
  }

  /** The origin of a publish by the server: counted, or under the application's key with a record of its own. */
  ownOrigin(publication: Publication, idempotencyKey: string | undefined): Origin {
    const { event, key: about = "", json, bytes } = publication;
    const hash = this.contentHash(event, about, json ?? hashedBytes(bytes));
    if (idempotencyKey !== undefined) {
      const key = `s:k:${idempotencyKey}`;
      return { id: key, user: "", dedup: { by: "key", key, hash } };
    }
    const x = `s:${this.#incarnation}`;
    const n = ++this.#counter;
    return { id: `${x}:${n}`, user: "", dedup: { by: "producer", x, n, prev: 0, hash } };
  }

  /**
   * Appends and makes visible.
   *
   * @throws {EngineError} when the store did not take it, or did not say
   */
  async append(channel: string, keep: Keep, publication: Publication, origin: Origin): Promise<Appended> {
    const draft: Draft = {
      tag: this.#freshTag(),
      epochIfNone: this.#random.u32().toString(36) + this.#random.u32().toString(36),
      dedup: origin.dedup,
      ...(origin.expect === undefined ? {} : { expect: origin.expect }),
      keep,
      id: origin.id,
      event: publication.event,
      key: publication.key ?? "",
      user: origin.user,
      traceparent: publication.traceparent ?? "",
      ...storedOf(publication),
    };
    const appended = await this.#engine.log.append(channel, draft);
    if (appended.s === "new") this.#counters.publishes++;
    else if (appended.s === "dup") this.#counters.duplicates++;
    return appended;
  }

  /** As `append`, for the server itself. @throws {HubError} */
  async publish(
    channel: string,
    keep: Keep,
    publication: Publication,
    idempotencyKey?: string,
  ): Promise<{ position: Pos | undefined; duplicate: boolean }> {
    let appended: Appended;
    try {
      appended = await this.append(channel, keep, publication, this.ownOrigin(publication, idempotencyKey));
    } catch (error) {
      throw asHubError(error);
    }
    if (appended.s === "new" || appended.s === "dup")
      return { position: appended.pos, duplicate: appended.s === "dup" };
    const code = appended.s === "conflict" ? "conflict" : appended.s;
    throw new HubError(
      code,
      `${channel}: ${code === "idReused" ? `key ${idempotencyKey} was used for other content` : code}`,
    );
  }

  publishVolatile(channel: string, publication: Publication, user = ""): void {
    const { event, traceparent = "" } = publication;
    const body = { event, id: "", key: "", ts: 0, user, traceparent, ...storedOf(publication) };
    this.#engine.bus.publish(volatileTopic(channel), encodeVolatile(body));
  }

  #freshTag(): number {
    for (;;) {
      const tag = this.#random.u32();
      if (tag >= entryTagMin) return tag;
    }
  }
}

/** What an engine's failure means on the wire: `unreachable` was not accepted, `unknown` may have been. */
export function asHubError(error: unknown): HubError {
  if (error instanceof HubError) return error;
  if (!(error instanceof EngineError)) return new HubError("failed", "internal error", { cause: error });
  const codes = {
    unreachable: "brokerUnavailable",
    unknown: "outcomeUnknown",
    overloaded: "overloaded",
    failed: "failed",
  } as const;
  return new HubError(codes[error.code], messageOf(error), { cause: error });
}
