// The server's half of the opening handshake (RFC 6455 §4.2): judges a request, words the answer. No sockets.

import { acceptKeyFor, isHandshakeKey } from "./accept-key.ts";
import { isToken, listHas, parseExtensions, uniqueTokens } from "./header-lists.ts";

/** What of an HTTP request the handshake looks at; `IncomingMessage` is one. */
export interface HandshakeRequest {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  /** Names in lower case, values of repeated lines joined by ", ". */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** An HTTP answer other than 101. */
export interface Refusal {
  /** HTTP status, 400…599. */
  readonly status: number;
  /** Sent as the body, in plain text. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a good request asks for. */
export interface HandshakeOffer {
  readonly key: string;
  /** Subprotocols in the client's order of preference. */
  readonly protocols: readonly string[];
}

/** Reads a request (§4.2.1). Anything missing or malformed becomes the refusal to answer with. */
export function readOffer(request: HandshakeRequest): HandshakeOffer | Refusal {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  };
  const bad = (reason: string): Refusal => ({ status: 400, reason });

  if (request.method !== "GET") return { status: 405, reason: "method is not GET", headers: { Allow: "GET" } };
  if (!isHttp11(request.httpVersion)) return bad("HTTP version below 1.1");
  if (header("host") === undefined) return bad("Host missing");
  if (!listHas(header("upgrade"), "websocket")) {
    return { status: 426, reason: "Upgrade does not name websocket", headers: { Upgrade: "websocket" } };
  }
  if (!listHas(header("connection"), "upgrade")) return bad("Connection does not name upgrade");
  for (const name of ["sec-websocket-key", "sec-websocket-version"]) {
    if (countLines(request.rawHeaders, name) > 1) return bad(`${name} comes twice`); // §11.3.1, §11.3.5
  }
  const version = header("sec-websocket-version");
  if (version === undefined) return bad("Sec-WebSocket-Version missing");
  if (version !== "13") {
    // §4.4: name what we do speak.
    return { status: 426, reason: "only version 13 is spoken", headers: { "Sec-WebSocket-Version": "13" } };
  }
  const key = header("sec-websocket-key");
  if (key === undefined || !isHandshakeKey(key)) return bad("Sec-WebSocket-Key is not 16 bytes in base64");
  const offered = header("sec-websocket-protocol");
  const protocols = offered === undefined ? [] : uniqueTokens(offered);
  if (protocols === undefined || (offered !== undefined && protocols.length === 0)) {
    return bad("Sec-WebSocket-Protocol is not a list of different tokens");
  }
  const extensions = header("sec-websocket-extensions");
  if (extensions !== undefined && parseExtensions(extensions) === undefined) {
    return bad("Sec-WebSocket-Extensions breaks its grammar"); // §9.1
  }
  return { key, protocols };
}

/** Whether `answer` is a refusal. */
export const isRefusal = (answer: HandshakeOffer | Refusal): answer is Refusal => "status" in answer;

/** The 101 answer (§4.2.2), ready to be written. `protocol` must be one the client offered. */
export function acceptanceText(key: string, protocol: string): string {
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptKeyFor(key)}`,
  ];
  if (protocol !== "") lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const statusTexts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** A refusal as HTTP, ready to be written; the connection is to be closed after it. */
export function refusalText(refusal: Refusal): string {
  const body = `${refusal.reason}\n`;
  const lines = [`HTTP/1.1 ${refusal.status} ${statusTexts[refusal.status] ?? "Refused"}`, "Connection: close"];
  for (const [name, value] of Object.entries(refusal.headers ?? {})) {
    // A line break in a value would let it add headers of its own.
    if (isToken(name) && !/[\r\n\0]/.test(value)) lines.push(`${name}: ${value}`);
    else throw new TypeError(`refusal header ${JSON.stringify(name)} is not a header`);
  }
  lines.push("Content-Type: text/plain; charset=utf-8", `Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function isHttp11(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 1);
}

/** How many header lines are called `name` (lower case). */
export function countLines(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count++;
  }
  return count;
}
