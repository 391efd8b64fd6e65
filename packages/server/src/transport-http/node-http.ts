// Node's HTTP requests and responses, in the transport's terms. Express, Fastify and Hono (on Node) hand on the same two.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpAnswer, HttpOut, HttpRequest } from "./http-answer.ts";

export function requestOf(request: IncomingMessage, response: ServerResponse): HttpRequest {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return {
    method: request.method ?? "GET",
    url: request.url ?? "/",
    headers,
    address: request.socket.remoteAddress ?? "",
    body: request as AsyncIterable<Uint8Array>,
    signal: gone.signal,
  };
}

export function sendAnswer([{ status, headers }, body]: HttpAnswer, response: ServerResponse): void {
  if (response.destroyed) {
    if (typeof body !== "string") body.gone();
    return;
  }
  if (typeof body === "string") {
    response.writeHead(status, status === 204 ? headers : { ...headers, "Content-Length": Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  response.socket?.setNoDelay(true);
  body.start(outOf(response));
}

const outOf = (response: ServerResponse): HttpOut => ({
  get queuedBytes() {
    return response.writableLength;
  },
  write: (bytes, done) => void response.write(bytes, done),
  end: () => void response.end(),
  destroy: () => void response.destroy(),
});
