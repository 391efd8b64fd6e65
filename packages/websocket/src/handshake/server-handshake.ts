// The server's half of the opening handshake (RFC 6455 §4.2): judges a request, words the answer. No sockets.

import { acceptKeyFor, isHandshakeKey } from "./accept-key.ts";
import { listHas, parseExtensions, uniqueTokens, type Extension } from "./header-lists.ts";
import type { Refusal } from "./refusal.ts";

/** What of an HTTP request the handshake looks at; `IncomingMessage` is one. */
export interface HandshakeRequest {
  readonly method?: string | undefined;
  /** The request target. */
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names in lower case, values of repeated lines joined by ", ". */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** What a good request asks for. */
export interface HandshakeOffer {
  readonly key: string;
  /** Subprotocols in the client's order of preference. */
  readonly protocols: readonly string[];
  /** What Sec-WebSocket-Extensions offers. */
  readonly extensions: readonly Extension[];
}

/** Reads a request (§4.2.1). Anything missing or malformed becomes the refusal to answer with. */
export function readOffer(request: HandshakeRequest): HandshakeOffer | Refusal {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  };
  const bad = (reason: string): Refusal => ({ status: 400, reason });

  if (request.method !== "GET") return { status: 405, reason: "method is not GET", headers: { Allow: "GET" } }; // §4.1
  if (!isHttp11(request.httpVersion)) return bad("HTTP version below 1.1");
  if (hasBody(header)) return { status: 413, reason: "an opening handshake has no body" };
  for (const name of ["host", "sec-websocket-key", "sec-websocket-version"]) {
    // §11.3.1, §11.3.5; RFC 9112 §3.2 for Host.
    if (countLines(request.rawHeaders, name) > 1) return bad(`${name} comes twice`);
  }
  if (header("host") === undefined) return bad("Host missing");
  if (pathOf(request.url) === undefined) return bad("request target is not a path"); // §4.2.1
  if (!listHas(header("upgrade"), "websocket")) return upgradeRequired("Upgrade does not name websocket");
  if (!listHas(header("connection"), "upgrade")) return bad("Connection does not name Upgrade");
  if (header("sec-websocket-version") !== "13") return upgradeRequired("Sec-WebSocket-Version is not 13"); // §4.2.2, §4.4
  const key = header("sec-websocket-key");
  if (key === undefined || !isHandshakeKey(key)) return bad("Sec-WebSocket-Key is not 16 bytes in base64");
  const offered = header("sec-websocket-protocol");
  const protocols = offered === undefined ? [] : uniqueTokens(offered);
  if (protocols === undefined || (offered !== undefined && protocols.length === 0)) {
    return bad("Sec-WebSocket-Protocol is not a list of different tokens");
  }
  const offers = header("sec-websocket-extensions");
  const extensions = offers === undefined ? [] : parseExtensions(offers);
  if (extensions === undefined) return bad("Sec-WebSocket-Extensions breaks its grammar"); // §9.1
  return { key, protocols, extensions };
}

/** Whether `answer` is a refusal. */
export const isRefusal = (answer: HandshakeOffer | Refusal): answer is Refusal => "status" in answer;

/** The 101 answer (§4.2.2), ready to be written. `protocol` and `extensions` must be what the client offered, "" for none. */
export function acceptanceText(key: string, protocol: string, extensions = ""): string {
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptKeyFor(key)}`,
  ];
  if (protocol !== "") lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  if (extensions !== "") lines.push(`Sec-WebSocket-Extensions: ${extensions}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/**
 * The path of a request target in origin or absolute form (§4.2.1), without query. Undefined for other forms, and for
 * one with a fragment (§3).
 */
export function pathOf(target = "/"): string | undefined {
  const [, authority, local = ""] = /^(https?:\/\/[^/?#]+)?(.*)$/is.exec(target) ?? [];
  const path = authority === undefined || local.startsWith("/") ? local : `/${local}`;
  return path.startsWith("/") && !path.includes("#") ? path.split("?", 1)[0] : undefined;
}

/** 426 names what we speak: the protocol (RFC 9110 §15.5.22) and its version (§4.4). */
const upgradeRequired = (reason: string): Refusal => ({
  ...{ status: 426, reason },
  headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" },
});

/** A body would be read as frames: nothing separates it from them. */
const hasBody = (header: (name: string) => string | undefined): boolean =>
  header("transfer-encoding") !== undefined || !/^0*$/.test(header("content-length") ?? "");

/** Whether a message's version is at least 1.1 (§4.1). */
export function isHttp11(version: string): boolean {
  if (version === "1.1") return true;
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
