// The client side: one request, one answer, and the connection it leads to. No retries: those are the caller's.

import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { base64Encode, expectInteger, OptionError, type Clock, type Random } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { resolveDeflate, type DeflateChoice } from "../deflate/deflate-options.ts";
import { DeflateKit } from "../deflate/deflate-kit.ts";
import { readAcceptance, requestHeaders } from "../handshake/client-handshake.ts";
import { isToken } from "../handshake/header-lists.ts";
import { resolveConnection, type ConnectionOptions } from "./connection-options.ts";
import { connectionKit, type ConnectionKit } from "./connection-kit.ts";
import { WebSocketConnection } from "./connection.ts";
import { prepareSocket } from "./prepare-socket.ts";
import { WebSocketError } from "./websocket-error.ts";

export interface DialOptions extends ConnectionOptions, DeflateChoice {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. Masking keys come from it: in production it must be unpredictable (RFC 6455 §10.3). */
  readonly random?: Random;
  /** Subprotocols offered, in order of preference. Different tokens, at most 32. */
  readonly protocols?: readonly string[];
  /** Further request headers, such as Authorization or Origin. Host and those of the handshake are ours. */
  readonly headers?: Readonly<Record<string, string>>;
  /** From the call to the answer's last header. Milliseconds, 1…300_000, default 10_000. */
  readonly handshakeTimeoutMs?: number;
  /** Largest head of the answer. Bytes, 256…2^20, default 16_384. */
  readonly maxHeaderBytes?: number;
  /** For wss (RFC 6455 §10.6): whom to trust, who we are, and which name is asked for. The server's certificate is always verified… */
  readonly tls?: Pick<TlsOptions, (typeof tlsFields)[number]>;
  /** …unless this is true: then anybody on the way can read and change everything. For experiments. Default false. */
  readonly dangerouslyTrustAnyCertificate?: boolean;
  /** Gives the attempt up. Has no effect on a connection already made. */
  readonly signal?: AbortSignal;
}

export const dialDefaults = { handshakeTimeoutMs: 10_000, maxHeaderBytes: 16_384 } as const;

const protocolsCountMax = 32;
const tlsFields = ["ca", "cert", "key", "passphrase", "servername", "checkServerIdentity", "minVersion"] as const;

/**
 * Connects to a WebSocket server. Nothing is read from the connection before its `start`.
 *
 * @param url  ws: or wss:, without fragment (RFC 6455 §3); http: and https: are taken for them
 * @throws {OptionError} (as a rejection, like all) when an option is out of its range
 * @throws {WebSocketError} see `WebSocketErrorCode`; redirects are refusals, never followed
 */
export async function dial(url: string | URL, options: DialOptions = {}): Promise<WebSocketConnection> {
  const limits = resolveConnection(options);
  const deflate = resolveDeflate(options.deflate);
  const target = resolveTarget(String(url));
  const { clock = systemClock(), random = systemRandom(), protocols = [], signal } = options;
  const timeoutMs = options.handshakeTimeoutMs ?? dialDefaults.handshakeTimeoutMs;
  const maxHeaderBytes = options.maxHeaderBytes ?? dialDefaults.maxHeaderBytes;
  expectInteger("handshakeTimeoutMs", timeoutMs, 1, 300_000);
  expectInteger("maxHeaderBytes", maxHeaderBytes, 256, 2 ** 20);
  expectProtocols(protocols);
  if (signal?.aborted === true) throw WebSocketError.aborted(nameOf(target), signal.reason);

  const key = base64Encode(random.bytes(16)); // §4.1: fresh for each connection
  const request = openRequest(target, options, requestHeaders(key, protocols, deflate), maxHeaderBytes);
  const kit = connectionKit("client", clock, random, limits);
  const zip = deflate === undefined ? undefined : new DeflateKit(deflate);
  return await answerTo(request, { name: nameOf(target), kit, zip, key, protocols, timeoutMs, signal });
}

interface Attempt {
  readonly name: string;
  readonly kit: ConnectionKit;
  readonly zip: DeflateKit | undefined;
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
      // §7.2.1: whatever goes wrong in the opening handshake ends the connection.
      settle();
      reject(error);
      request.destroy();
    };
    const onAbort = (): void => fail(WebSocketError.aborted(name, signal?.reason));
    const timer = kit.wheel.after(timeoutMs, () => fail(WebSocketError.timeout(name, timeoutMs)));
    signal?.addEventListener("abort", onAbort);

    // After the promise is settled a second `reject` does nothing, so errors caused by `destroy` end here.
    request.on("error", (error) => fail(errorFor(name, error)));
    request.on("response", (response) => {
      const { statusCode = 0, statusMessage = "", headers } = response;
      // For Node a 101 that names no upgrade is an answer like any other.
      if (statusCode === 101) return fail(WebSocketError.invalid(name, "101 without an upgrade"));
      fail(WebSocketError.refused(name, statusCode, statusMessage, headers));
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
  { name, kit, zip, key, protocols }: Attempt,
): WebSocketConnection | WebSocketError {
  const answer = readAcceptance(response, key, protocols, zip?.options);
  if ("flaw" in answer) {
    socket.on("error", () => undefined).destroy();
    return WebSocketError.invalid(name, answer.flaw);
  }
  prepareSocket(socket);
  const deflate = answer.deflate === undefined ? undefined : zip?.connect(answer.deflate);
  return new WebSocketConnection(kit, socket, { protocol: answer.protocol, deflate }, head);
}

/** What the HTTP parser cannot read is an answer nevertheless, and the next one will be like it. */
function errorFor(name: string, error: NodeJS.ErrnoException): WebSocketError {
  const isUnreadable = error.code?.startsWith("HPE_") === true; // overlong heads among them
  return isUnreadable ? WebSocketError.invalid(name, error.message, error) : WebSocketError.unreachable(name, error);
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
    ...(target.username === "" ? {} : { auth: credentialsOf(target) }),
  };
  return isSecure ? httpsRequest({ ...tlsOf(options), ...request }) : httpRequest(request);
}

const credentialsOf = ({ username, password }: URL): string => decodeURIComponent(`${username}:${password}`);

/** Only what we know of, and verification said out loud: neither a stray field nor the environment turns it off. */
function tlsOf({ tls = {}, dangerouslyTrustAnyCertificate = false }: DialOptions): TlsOptions {
  const known = Object.fromEntries(tlsFields.filter((field) => field in tls).map((field) => [field, tls[field]]));
  return { ...known, rejectUnauthorized: !dangerouslyTrustAnyCertificate };
}

/** The headers of `given` that `reserved` does not have, whatever the case of their names. */
function withoutThose(
  given: Readonly<Record<string, string>>,
  reserved: Record<string, string>,
): Record<string, string> {
  // §4.1: Host is the target's. It also decides whose certificate is wanted.
  const names = new Set([...Object.keys(reserved).map((name) => name.toLowerCase()), "host"]);
  const isFree = (name: string): boolean =>
    !names.has(name.toLowerCase()) && !name.toLowerCase().startsWith("sec-websocket-");
  return Object.fromEntries(Object.entries(given).filter(([name]) => isFree(name)));
}

/** How errors name the target: without credentials and query, which are nobody's business in a log. */
const nameOf = (target: URL): string => `${target.protocol}//${target.host}${target.pathname}`;

/** Reads a WebSocket URI (§3); `URL` brings host and path into ASCII (§11.1.1, §11.1.2). */
function resolveTarget(url: string): URL {
  const bare = url.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//"); // as `nameOf`
  let target: URL;
  try {
    target = new URL(url.replace(/^http(s?):/i, "ws$1:"));
    credentialsOf(target);
  } catch {
    throw WebSocketError.urlInvalid(bare, "not a URL");
  }
  if (target.protocol !== "ws:" && target.protocol !== "wss:") throw WebSocketError.urlInvalid(bare, "not ws: or wss:");
  if (url.includes("#")) throw WebSocketError.urlInvalid(bare, "a fragment has no meaning here"); // §3
  return target;
}

function expectProtocols(protocols: readonly string[]): void {
  const areGood = protocols.every(isToken) && new Set(protocols).size === protocols.length;
  if (areGood && protocols.length <= protocolsCountMax) return;
  throw new OptionError("protocols", protocols.join(", "), `at most ${protocolsCountMax} different tokens`);
}
