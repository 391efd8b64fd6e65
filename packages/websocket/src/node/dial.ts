// The client side: one request, one answer, and the connection it leads to. No retries: those are the caller's.

import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { base64Encode, expectInteger, OptionError, type Clock, type Random } from "@heddle/base";
import { readAcceptance, requestHeaders } from "../handshake/client-handshake.ts";
import { isToken } from "../handshake/header-lists.ts";
import { resolveConnection, type ConnectionOptions } from "./connection-options.ts";
import { connectionKit, type ConnectionKit } from "./connection-kit.ts";
import { WebSocketConnection } from "./connection.ts";
import { prepareSocket } from "./prepare-socket.ts";
import { WebSocketError } from "./websocket-error.ts";

export interface DialOptions extends ConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Subprotocols offered, in order of preference. Different tokens, at most 32. */
  readonly protocols?: readonly string[];
  /** Further request headers, such as Authorization or Origin. Those of the handshake itself win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** From the call to the answer's last header. Milliseconds, 1…300_000, default 10_000. */
  readonly handshakeTimeoutMs?: number;
  /** Largest head of the answer. Bytes, 256…2^20, default 16_384. */
  readonly maxHeaderBytes?: number;
  /** For wss: certificate authorities, client certificates, server name. */
  readonly tls?: Pick<TlsOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized" | "checkServerIdentity">;
  /** Gives the attempt up. Has no effect on a connection already made. */
  readonly signal?: AbortSignal;
}

export const dialDefaults = { handshakeTimeoutMs: 10_000, maxHeaderBytes: 16_384 } as const;

const protocolsCountMax = 32;

/**
 * Connects to a WebSocket server. Nothing is read from the connection before its `start`.
 *
 * @param url  ws: or wss:, without fragment (RFC 6455 §3); http: and https: are taken for them
 * @throws {OptionError} (as a rejection, like all) when an option is out of its range
 * @throws {WebSocketError} see `WebSocketErrorCode`; redirects are refusals, never followed
 */
export async function dial(url: string | URL, options: DialOptions): Promise<WebSocketConnection> {
  const limits = resolveConnection(options);
  const target = resolveTarget(String(url));
  const { clock, random, protocols = [], signal } = options;
  const timeoutMs = options.handshakeTimeoutMs ?? dialDefaults.handshakeTimeoutMs;
  const maxHeaderBytes = options.maxHeaderBytes ?? dialDefaults.maxHeaderBytes;
  expectInteger("handshakeTimeoutMs", timeoutMs, 1, 300_000);
  expectInteger("maxHeaderBytes", maxHeaderBytes, 256, 2 ** 20);
  expectProtocols(protocols);
  if (signal?.aborted === true) throw WebSocketError.aborted(nameOf(target), signal.reason);

  const key = base64Encode(random.bytes(16)); // §4.1: fresh for each connection
  const request = openRequest(target, options, requestHeaders(key, protocols), maxHeaderBytes);
  const kit = connectionKit("client", clock, random, limits);
  return await answerTo(request, { name: nameOf(target), kit, key, protocols, timeoutMs, signal });
}

interface Attempt {
  readonly name: string;
  readonly kit: ConnectionKit;
  readonly key: string;
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits for the first of: an answer, an error, the time limit, the caller's signal. */
function answerTo(request: ClientRequest, attempt: Attempt): Promise<WebSocketConnection> {
  const { name, kit, signal, timeoutMs } = attempt;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: WebSocketError): void => {
      settle();
      reject(error);
      request.destroy();
    };
    const onAbort = (): void => fail(WebSocketError.aborted(name, signal?.reason));
    const timer = kit.clock.after(timeoutMs, () => fail(WebSocketError.timeout(name, timeoutMs)));
    signal?.addEventListener("abort", onAbort);

    // After the promise is settled a second `reject` does nothing, so errors caused by `destroy` end here.
    request.on("error", (error) => fail(WebSocketError.unreachable(name, error)));
    request.on("response", (response) => {
      const { statusCode = 0, statusMessage = "", headers } = response;
      // For Node a 101 that names no upgrade is an answer like any other.
      if (statusCode === 101) return fail(WebSocketError.invalid(name, "101 without an upgrade"));
      fail(WebSocketError.refused(name, statusCode, statusMessage, headers["retry-after"]));
    });
    request.on("upgrade", (response, socket, head) => {
      const connection = accept(response, socket, head, attempt);
      if (connection instanceof WebSocketError) return fail(connection);
      settle();
      resolve(connection);
    });
    request.end();
  });
}

function accept(
  response: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { name, kit, key, protocols }: Attempt,
): WebSocketConnection | WebSocketError {
  const answer = readAcceptance(response, key, protocols);
  if ("flaw" in answer) {
    socket.on("error", () => undefined).destroy();
    return WebSocketError.invalid(name, answer.flaw);
  }
  prepareSocket(socket);
  return new WebSocketConnection(kit, socket, answer.protocol, head);
}

function openRequest(
  target: URL,
  options: DialOptions,
  handshake: Record<string, string>,
  maxHeaderSize: number,
): ClientRequest {
  const isSecure = target.protocol === "wss:";
  const request: RequestOptions = {
    method: "GET",
    host: target.hostname.replace(/^\[|\]$/g, ""),
    port: target.port === "" ? (isSecure ? 443 : 80) : target.port,
    path: target.pathname + target.search,
    headers: { ...withoutThose(options.headers ?? {}, handshake), ...handshake },
    agent: false, // the connection is ours alone
    maxHeaderSize,
    ...(target.username === "" ? {} : { auth: decodeURIComponent(`${target.username}:${target.password}`) }),
  };
  return isSecure ? httpsRequest({ ...options.tls, ...request }) : httpRequest(request);
}

/** The headers of `given` that `reserved` does not have, whatever the case of their names. */
function withoutThose(
  given: Readonly<Record<string, string>>,
  reserved: Record<string, string>,
): Record<string, string> {
  const names = new Set(Object.keys(reserved).map((name) => name.toLowerCase()));
  const isFree = (name: string): boolean =>
    !names.has(name.toLowerCase()) && !name.toLowerCase().startsWith("sec-websocket-");
  return Object.fromEntries(Object.entries(given).filter(([name]) => isFree(name)));
}

/** How errors name the target: without credentials and query, which are nobody's business in a log. */
const nameOf = (target: URL): string => `${target.protocol}//${target.host}${target.pathname}`;

function resolveTarget(url: string): URL {
  let target: URL;
  try {
    target = new URL(url.replace(/^http(s?):/i, "ws$1:"));
  } catch {
    throw WebSocketError.urlInvalid(url, "not a URL");
  }
  if (target.protocol !== "ws:" && target.protocol !== "wss:") throw WebSocketError.urlInvalid(url, "not ws: or wss:");
  if (url.includes("#")) throw WebSocketError.urlInvalid(url, "a fragment has no meaning here"); // §3
  return target;
}

function expectProtocols(protocols: readonly string[]): void {
  const areGood = protocols.every(isToken) && new Set(protocols).size === protocols.length;
  if (areGood && protocols.length <= protocolsCountMax) return;
  throw new OptionError("protocols", protocols.join(", "), `at most ${protocolsCountMax} different tokens`);
}
