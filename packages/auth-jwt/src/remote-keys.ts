// An issuer's key set behind an address: fetched when it is needed, kept while it is fresh, kept longer when the issuer does
// not answer, and asked again, at a bounded rate, when a token names a key that is not in it.

import { messageOf, type Clock } from "@heddle/base";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { JwtError } from "./jwt-error.ts";

export interface RemoteKeysLimits {
  /** A key set younger than this is used without asking again. Milliseconds. */
  readonly freshMs: number;
  /** An older one is used until this age while the issuer does not answer. Milliseconds. */
  readonly staleMs: number;
  /** Time between two requests, whatever tokens ask for. Milliseconds. */
  readonly cooldownMs: number;
  /** The same after one that failed, while there are keys to go on with. Milliseconds. */
  readonly failedMs: number;
  /** Time an answer may take. Milliseconds. */
  readonly answerMs: number;
  /** Size of an answer. Bytes. */
  readonly answerBytes: number;
}

export const remoteKeysLimits: RemoteKeysLimits = {
  freshMs: 600_000,
  staleMs: 86_400_000,
  cooldownMs: 5_000,
  failedMs: 30_000,
  answerMs: 5_000,
  answerBytes: 262_144,
};

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly atMs: number;
}

export class RemoteKeys {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #limits: RemoteKeysLimits;
  #held: Held | undefined;
  #askedMs = -Infinity;
  #asking: Promise<void> | undefined;
  #failure: JwtError | undefined;

  constructor(url: string, clock: Clock, limits: RemoteKeysLimits = remoteKeysLimits) {
    this.#url = url;
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * The key a token was signed with.
   *
   * @throws {JwtError} when that cannot be told now; jose's `JWKSNoMatchingKey` when there is none
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { freshMs, staleMs } = this.#limits;
    if (this.#age() >= freshMs) await this.#ask();
    if (this.#held === undefined || this.#age() >= staleMs) {
      this.#held = undefined;
      throw this.#failure ?? JwtError.unreachable(this.#url, "asked a moment ago");
    }
    try {
      return await this.#held.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    // The issuer may have changed its keys. Not knowing is not a no: within the cooldown the client comes back.
    const before = this.#held;
    await this.#ask();
    if (this.#held === before) throw this.#failure ?? JwtError.unreachable(this.#url, "asked a moment ago");
    return this.#held.find(header, token);
  };

  #age(): number {
    return this.#held === undefined ? Infinity : this.#clock.monotonicMs() - this.#held.atMs;
  }

  /** One request at a time, and none within the cooldown of the last. Never rejects. */
  #ask(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking;
    const nowMs = this.#clock.monotonicMs();
    const { cooldownMs, failedMs } = this.#limits;
    // An issuer that hangs would hold up every token for as long as an answer may take.
    const pauseMs = this.#failure !== undefined && this.#held !== undefined ? failedMs : cooldownMs;
    if (nowMs - this.#askedMs < pauseMs) return Promise.resolve();
    this.#askedMs = nowMs;
    this.#asking = this.#fetch()
      .then(
        (keys) => {
          this.#held = { find: createLocalJWKSet(keys), atMs: this.#clock.monotonicMs() };
          this.#failure = undefined;
        },
        (error: unknown) => {
          this.#failure = error instanceof JwtError ? error : JwtError.unreachable(this.#url, messageOf(error), error);
        },
      )
      .finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #fetch(): Promise<JSONWebKeySet> {
    const { answerMs, answerBytes } = this.#limits;
    const stop = new AbortController();
    const late = this.#clock.after(answerMs, () => stop.abort(new Error(`no answer within ${answerMs} ms`)));
    try {
      // A redirect could lead to where nobody checked for https.
      const response = await fetch(this.#url, {
        redirect: "error",
        signal: stop.signal,
        headers: { accept: "application/json" },
      });
      if (response.status !== 200) throw JwtError.unreachable(this.#url, `status ${response.status}`);
      return parsed(this.#url, await textWithin(response, answerBytes, this.#url));
    } finally {
      late[Symbol.dispose]();
    }
  }
}

async function textWithin(response: Response, bytesMax: number, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > bytesMax) throw JwtError.malformed(url, `more than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(url: string, text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw JwtError.malformed(url, "no JSON");
  }
  const { keys } = (value ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === "object" && key !== null))
    throw JwtError.malformed(url, "no key set (RFC 7517)");
  return value as JSONWebKeySet;
}
