// The HTTP transport: which requests are its own, which pages may send them, and what becomes of them.

import type { Clock } from "@heddle/base";
import type { ConnectionPort, Peer, PollingSink } from "@heddle/hub/ports";
import { closeCodes } from "@heddle/protocol";
import type { HttpTransportEnv } from "./env.ts";
import { cookieOf } from "./cookie.ts";
import { crossOrigin } from "./cross-origin.ts";
import { postedFrames } from "./frames.ts";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import { postedPoll } from "./poll.ts";
import { refusal } from "./refusals.ts";
import { isAnswer, readPosted, type BodyLimits, type Posted } from "./request-body.ts";
import { channelStream, postedStream } from "./stream.ts";

export interface HttpTransportOptions extends BodyLimits {
  readonly clock: Clock;
  /** The transport's addresses are below it: `…/stream`, `…/poll`, `…/frames`. */
  readonly path: string;
  /** Name of the cookie that holds the token of a `GET …/stream`, for pages of the same origin. */
  readonly cookie: string | undefined;
  /** Sessions at a time; beyond that 503. */
  readonly maxConnections: number;
  /** The hub's queue limit. Bytes. */
  readonly queueBytes: number;
  /** Whether the page that a request comes from may have it. */
  isFromAllowedPage(headers: HttpRequest["headers"]): boolean;
  clientAddress(socketAddress: string, headers: HttpRequest["headers"]): string;
  /** Counts an attempt of this address; says why it is refused, if it is. */
  addressRefusal(address: string): { readonly retryAfterS: number; readonly why: string } | undefined;
  /** Whether `accept` may be called. While not, requests are answered 503. */
  isReady(): boolean;
  accept(port: ConnectionPort, peer: Peer): PollingSink;
  /** A producer id for a client that has none. */
  newProducerId(): string;
}

type Posting = (request: HttpRequest, posted: Posted, env: HttpTransportEnv) => Promise<HttpAnswer>;
const postings: Readonly<Record<string, Posting>> = { stream: postedStream, poll: postedPoll, frames: postedFrames };

export class HttpTransport {
  readonly #options: HttpTransportOptions;
  readonly #env: HttpTransportEnv;
  #connectionCount = 0;

  constructor(options: HttpTransportOptions) {
    const { clock, queueBytes, cookie } = options;
    this.#options = options;
    this.#env = {
      ...{ clock, queueBytes },
      newProducerId: () => options.newProducerId(),
      tokenOfCookie: (request) => (cookie === undefined ? undefined : cookieOf(request, cookie)),
      accept: (port, peer) => this.#accept(port, peer),
    };
  }

  /** Sessions at the moment. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Whether a request with this path and query is the transport's. */
  takes(url: string): boolean {
    return Object.hasOwn(postings, this.#nameOf(url));
  }

  /** The answer to a request that it takes. */
  async answer(given: HttpRequest): Promise<HttpAnswer> {
    const request = { ...given, address: this.#options.clientAddress(given.address, given.headers) };
    const name = this.#nameOf(request.url);
    const query = new URLSearchParams(request.url.split("?", 2)[1] ?? "");
    const methods = name === "stream" ? ["GET", "POST"] : ["POST"];
    const origin = crossOrigin(request, methods, this.#options.isFromAllowedPage(request.headers));
    if (origin.answer !== undefined) return origin.answer;
    const [head, body] = await this.#dispatch(request, name, query, methods);
    return [{ ...head, headers: { ...head.headers, ...origin.headers } }, body];
  }

  #nameOf(url: string): string {
    const [path = ""] = url.split("?", 1);
    const before = `${this.#options.path}/`;
    return path.startsWith(before) ? path.slice(before.length) : "";
  }

  async #dispatch(
    request: HttpRequest,
    name: string,
    query: URLSearchParams,
    methods: readonly string[],
  ): Promise<HttpAnswer> {
    const { clock, maxConnections } = this.#options;
    if (!methods.includes(request.method)) {
      return jsonAnswer(
        405,
        { error: `${methods.join(" and ")} are answered` },
        { Allow: [...methods, "OPTIONS"].join(", ") },
      );
    }
    const over = this.#options.addressRefusal(request.address);
    if (over !== undefined) return refusal(closeCodes.rateLimited.code, over.why, over.retryAfterS);
    if (!this.#options.isReady()) return unavailable("starting, stopping or short of memory");
    if (this.#connectionCount >= maxConnections) return unavailable(`${maxConnections} connections are the most`);
    if (request.method === "GET") return channelStream(request, query, this.#env);
    const posted = await readPosted(request, this.#options, clock);
    if (isAnswer(posted)) return posted;
    if (!this.#options.isReady()) return unavailable("stopping");
    return (postings[name] as Posting)(request, posted, this.#env);
  }

  #accept(port: ConnectionPort, peer: Peer): PollingSink {
    const sink = this.#options.accept(port, peer);
    this.#connectionCount++;
    let isCounted = true;
    return {
      receive: (message) => sink.receive(message),
      get isCatchingUp() {
        return sink.isCatchingUp;
      },
      tellPositions: () => sink.tellPositions(),
      closed: (code, why) => {
        if (isCounted) this.#connectionCount--;
        isCounted = false;
        sink.closed(code, why);
      },
    };
  }
}

const unavailable = (why: string): HttpAnswer => jsonAnswer(503, { error: why }, { "Retry-After": "1" });
