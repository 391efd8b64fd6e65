// HTTP as this transport needs it, without a framework: a request gives a head and a body. Adapters stay thin.

/** A request whose head has arrived. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The peer's, for logs and limits. */
  readonly address: string;
  /** The body, piece by piece; read at most once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the peer is gone before it was answered. */
  readonly signal: AbortSignal;
}

export interface HttpHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What makes a body while it is sent. */
export interface BodySource {
  /** The head is on its way: the body may follow. Once. */
  start(out: HttpOut): void;
  /** Nobody takes it any more. */
  gone(): void;
}

/** Whole, or written as it comes. */
export type HttpBody = string | BodySource;

export type HttpAnswer = readonly [head: HttpHead, body: HttpBody];

/** Where a body that is written as it comes goes. */
export interface HttpOut {
  /** Bytes written and not yet taken by the network. */
  readonly queuedBytes: number;
  /** @param done  called once the bytes were passed on, or cannot be */
  write(bytes: Uint8Array, done: () => void): void;
  end(): void;
  /** Breaks off. */
  destroy(): void;
}

/** A refusal, or anything else that is not a session. */
export function jsonAnswer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const text = `${JSON.stringify(body)}\n`;
  return [{ status, headers: { ...bodyHeaders("application/json; charset=utf-8"), ...headers } }, text];
}

/** None of our answers is a page: a browser that is made to open one runs, frames and guesses nothing, and tells nobody. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** `no-transform` and `X-Accel-Buffering` keep proxies from holding a body back until it ends. */
export const bodyHeaders = (type: string): Record<string, string> => ({
  "Content-Type": type,
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  ...safeHeaders,
});
