// Why a connection could not be made. What happens to one later arrives as a close code, not as an error.

import type { IncomingHttpHeaders } from "node:http";
import { CodedError } from "@heddle/base";

/**
 * `url-invalid`: not a ws: or wss: address. `unreachable`: no TCP or TLS connection. `handshake-refused`: the server
 * answered with another status than 101. `handshake-invalid`: it answered 101 wrongly, or something that is no HTTP.
 * `handshake-timeout`: it did not answer in time. `aborted`: the caller's signal.
 */
export type WebSocketErrorCode =
  "url-invalid" | "unreachable" | "handshake-refused" | "handshake-invalid" | "handshake-timeout" | "aborted";

/** What `dial` rejects with. */
export class WebSocketError extends CodedError<WebSocketErrorCode> {
  /** HTTP status of a refusal. */
  readonly status: number | undefined;
  /** Headers of a refusal, names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders> | undefined;
  /** Retry-After of a refusal, in seconds, when it was given as a number. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: WebSocketErrorCode,
    message: string,
    options: {
      readonly retryable?: boolean;
      readonly cause?: unknown;
      readonly status?: number;
      readonly headers?: IncomingHttpHeaders;
      readonly retryAfterS?: number | undefined;
    } = {},
  ) {
    super(code, message, options);
    this.status = options.status;
    this.headers = options.headers;
    this.retryAfterS = options.retryAfterS;
  }

  static urlInvalid(url: string, why: string): WebSocketError {
    return new WebSocketError("url-invalid", `${url}: ${why}`);
  }

  static unreachable(url: string, cause: Error): WebSocketError {
    return new WebSocketError("unreachable", `${url}: ${cause.message}`, { retryable: true, cause });
  }

  static refused(url: string, status: number, text: string, headers: IncomingHttpHeaders): WebSocketError {
    const retryable = status === 408 || status === 429 || status >= 500;
    const retryAfter = headers["retry-after"];
    const retryAfterS = retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
    return new WebSocketError("handshake-refused", `${url}: ${status} ${text}`, {
      retryable,
      status,
      headers,
      retryAfterS,
    });
  }

  static invalid(url: string, flaw: string, cause?: Error): WebSocketError {
    return new WebSocketError("handshake-invalid", `${url}: ${flaw}`, { cause });
  }

  static timeout(url: string, timeoutMs: number): WebSocketError {
    return new WebSocketError("handshake-timeout", `${url}: no answer in ${timeoutMs} ms`, { retryable: true });
  }

  static aborted(url: string, cause: unknown): WebSocketError {
    return new WebSocketError("aborted", `${url}: aborted`, { cause });
  }
}
