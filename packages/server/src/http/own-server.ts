// The HTTP server that `listen` makes: health, the application's own pages, and 404 for the rest.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, OptionError } from "@heddle/base";
import { httpServerOptions } from "@heddle/websocket";
import type { Logger } from "../logger.ts";
import { safeHeaders } from "../transport-http/http-answer.ts";

/** Answers requests that are neither health nor upgrades. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ListenOptions {
  /** 0…65_535; 0 picks a free one, see the result. */
  readonly port: number;
  /** Interface. Default: all. */
  readonly host?: string;
  /** The application's pages. Default: 404. */
  readonly handler?: RequestHandler;
}

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** For a client on this machine: `http://localhost:7070`. */
  readonly url: string;
}

export interface OwnServerEnv {
  readonly logger: Logger;
  /** The HTTP transport. @returns false for requests that are not its own */
  transport(request: IncomingMessage, response: ServerResponse): boolean;
  /** Path of the WebSocket transport: a plain request to it is told to upgrade. */
  readonly path: string;
  /** Sockets at a time; more are closed at once. */
  readonly socketsMax: number;
  /** Time for the head of a request. Milliseconds. */
  readonly handshakeMs: number;
  isReady(): boolean;
  isDraining(): boolean;
}

export function createOwnServer(handler: RequestHandler | undefined, env: OwnServerEnv): Server {
  const server = createServer(httpServerOptions({ handshakeTimeoutMs: env.handshakeMs }));
  server.maxConnections = env.socketsMax;
  server.on("request", (request, response) => {
    answer(request, response, handler, env).catch((error: unknown) => {
      env.logger.error({ error, reason: messageOf(error), url: request.url }, "the request handler failed");
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: "internal error" });
    });
  });
  return server;
}

/** Starts listening. @throws {OptionError} for a bad port; the socket's error when it cannot be had */
export async function startListening(server: Server, { port, host }: ListenOptions): Promise<Address> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new OptionError("port", port, "0 to 65535");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  const isAny = bound.address === "::" || bound.address === "0.0.0.0";
  const name = isAny ? "localhost" : bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return { host: bound.address, port: bound.port, url: `http://${name}:${bound.port}` };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: RequestHandler | undefined,
  env: OwnServerEnv,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path === "/healthz" || path === "/healthz/live") return sendHealth(request, response, path, env);
  if (env.transport(request, response)) return;
  if (path === env.path) {
    response.setHeader("Upgrade", "websocket");
    return sendJson(response, 426, { error: "this address takes WebSocket connections" });
  }
  if (handler === undefined) return sendJson(response, 404, { error: "not found" });
  await handler(request, response);
}

/** `/healthz`: whether new clients should be sent here. `/healthz/live`: whether the process answers at all. */
function sendHealth(request: IncomingMessage, response: ServerResponse, path: string, env: OwnServerEnv): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return sendJson(response, 405, { error: "GET and HEAD are answered" });
  }
  const draining = env.isDraining();
  const ready = env.isReady() && !draining;
  sendJson(response, ready || path === "/healthz/live" ? 200 : 503, { live: true, ready, draining });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    ...safeHeaders,
  });
  response.end(text);
}
