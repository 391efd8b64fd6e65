import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, systemRandom } from "@heddle/base/system";
import { settle } from "../testing/fake-socket.ts";
import { goodLines, requestText, talk } from "../testing/raw-http.ts";
import type { WebSocketConnection } from "./connection.ts";
import { dial } from "./dial.ts";
import type { WebSocketHandlers } from "./handlers.ts";
import { createWebSocketServer, type WebSocketServerOptions } from "./server.ts";

const clock = systemClock();
const random = systemRandom();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

/** Handlers that do nothing but what is given. */
const handlers = (given: Partial<WebSocketHandlers> = {}): WebSocketHandlers => ({
  onText() {},
  onBinary() {},
  onClose() {},
  ...given,
});

const listen = async (http: Server): Promise<number> => {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  toClose.push(() => new Promise((resolve) => http.close(resolve)));
  return (http.address() as { port: number }).port;
};

async function serve(options: Partial<WebSocketServerOptions> = {}) {
  const http = createServer((_request, response) => response.end("page"));
  const server = createWebSocketServer({
    ...{ clock, random },
    onConnection: (connection) => connection.start(handlers({ onText: (text) => void connection.sendText(text) })),
    ...options,
  });
  const detach = server.attach(http);
  const port = await listen(http);
  toClose.push(() => server[Symbol.asyncDispose]());
  return { http, server, detach, port };
}

describe("createWebSocketServer", () => {
  it("shakes hands, and sends what is sent at once right behind", async () => {
    const { port } = await serve({
      onConnection(connection) {
        connection.start(handlers());
        connection.sendText("welcome");
      },
    });
    const answer = await talk(port, requestText(goodLines), "welcome");
    expect(answer.startsWith("HTTP/1.1 101 Switching Protocols\r\n")).toBe(true);
    expect(answer).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x07welcome");
  });

  it("reads frames that came in one packet with the handshake", async () => {
    const { port } = await serve();
    const answer = await talk(port, `${requestText(goodLines)}\x81\x81\0\0\0\0a`, "\r\n\r\n\x81\x01a");
    expect(answer).toContain("\x81\x01a");
  });

  it.each([
    ["426 without a version", goodLines.slice(0, 4), undefined, "426 Upgrade Required", "Sec-WebSocket-Version: 13"],
    [
      "400 for a bad key",
      [...goodLines.slice(0, 3), "Sec-WebSocket-Key: x", ...goodLines.slice(4)],
      undefined,
      "400 Bad",
      "",
    ],
    ["405 for POST", goodLines, "POST /x HTTP/1.1", "405 Method Not Allowed", "Allow: GET"],
    [
      "426 for version 8",
      [...goodLines.slice(0, 4), "Sec-WebSocket-Version: 8"],
      undefined,
      "426",
      "Sec-WebSocket-Version: 13",
    ],
  ])("answers %s and closes", async (_what, lines, first, status, line) => {
    const { port, server } = await serve();
    const answer = await talk(port, requestText(lines, first));
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain(line);
    expect(server.connectionCount).toBe(0);
  });

  it("answers what `authorize` says, with its headers", async () => {
    const { port } = await serve({
      authorize: ({ headers }) =>
        headers.origin === "http://good"
          ? undefined
          : { status: 403, reason: "wrong origin", headers: { "X-Why": "origin" } },
    });
    const answer = await talk(port, requestText([...goodLines, "Origin: http://bad"]));
    expect(answer).toContain("HTTP/1.1 403 Forbidden\r\n");
    expect(answer).toContain("X-Why: origin\r\n");
    expect(answer.endsWith("wrong origin\n")).toBe(true);
    expect(await talk(port, requestText([...goodLines, "Origin: http://good"]), "\r\n\r\n")).toContain(" 101 ");
  });

  it.each([
    ["permessage-deflate; client_max_window_bits", "; server_no_context_takeover; client_no_context_takeover"],
    ["permessage-deflate; server_max_window_bits=16", undefined],
    ["x-other", undefined],
  ])("answers an offer of %s when it compresses", async (offer, wanted) => {
    const { port } = await serve({ deflate: {} });
    const answer = await talk(port, requestText([...goodLines, `Sec-WebSocket-Extensions: ${offer}`]), "\r\n\r\n");
    expect(answer).toContain(" 101 ");
    if (wanted === undefined) expect(answer).not.toContain("Extensions");
    else expect(answer).toContain(`\r\nSec-WebSocket-Extensions: permessage-deflate${wanted}\r\n`);
  });

  it("answers 503 beyond the connection limit, and takes others once there is room", async () => {
    const { port, server } = await serve({ maxConnections: 1 });
    const url = `ws://127.0.0.1:${port}/`;
    const first = await dial(url, { clock, random });
    await expect(dial(url, { clock, random })).rejects.toMatchObject({ status: 503, retryable: true, retryAfterS: 1 });
    await new Promise<void>((resolve) => {
      first.start(handlers({ onClose: () => resolve() }));
      first.close();
    });
    while (server.connectionCount > 0) await settle();
    (await dial(url, { clock, random })).terminate();
  });

  it("answers 503 beyond the handshake rate, counting good requests only", async () => {
    const { port } = await serve({ clock: { ...clock, monotonicMs: () => 0 }, maxHandshakesPerSecond: 1 });
    for (let count = 0; count < 5; count++)
      expect(await talk(port, requestText(goodLines.slice(0, 4)))).toContain(" 426 ");
    const answers = await Promise.all(Array.from({ length: 6 }, () => talk(port, requestText(goodLines), "\r\n\r\n")));
    expect(answers.filter((answer) => answer.includes(" 101 ")).length).toBe(2);
    const refused = answers.find((answer) => answer.includes(" 503 "));
    expect(refused).toContain("Retry-After: 1\r\n");
  });

  it("chooses a subprotocol among those offered", async () => {
    const { port } = await serve({ selectProtocol: (offered) => offered.find((name) => name.startsWith("b")) });
    const url = `ws://127.0.0.1:${port}/`;
    for (const [protocols, wanted] of [
      [["a", "b1", "b2"], "b1"],
      [["a"], ""],
      [[], ""],
    ] as const) {
      const connection = await dial(url, { clock, random, protocols });
      expect(connection.protocol).toBe(wanted);
      connection.terminate();
    }
  });

  it("answers 500 when the owner's choice was not offered, and lets the owner know", async () => {
    const server = createWebSocketServer({ clock, random, selectProtocol: () => "other", onConnection() {} });
    const thrown: unknown[] = [];
    const http = createServer();
    http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      try {
        server.handleUpgrade(request, socket, head);
      } catch (error) {
        thrown.push(error);
      }
    });
    const port = await listen(http);
    const answer = await talk(port, requestText([...goodLines, "Sec-WebSocket-Protocol: a"]));
    expect(answer).toContain("HTTP/1.1 500 ");
    expect(thrown).toEqual([expect.objectContaining({ field: "selectProtocol" })]);
  });

  it("leaves other paths to other listeners, and answers 404 when there are none", async () => {
    const { http, port } = await serve({ path: "/ours" });
    expect(await talk(port, requestText(goodLines))).toContain("HTTP/1.1 404 ");
    expect(await talk(port, requestText(goodLines, "GET /ours?a HTTP/1.1"), "\r\n\r\n")).toContain(" 101 ");
    http.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      if (request.url === "/theirs") socket.end("HTTP/1.1 418 Teapot\r\n\r\n");
    });
    expect(await talk(port, requestText(goodLines, "GET /theirs HTTP/1.1"))).toContain("418");
    expect(await talk(port, requestText(goodLines, "GET /ours HTTP/1.1"), "\r\n\r\n")).toContain(" 101 ");
  });

  it("answers nothing any more once detached", async () => {
    const { http, port, detach } = await serve();
    detach();
    expect(http.listenerCount("upgrade")).toBe(0);
    expect(await talk(port, requestText(goodLines), "page")).toContain("HTTP/1.1 200");
  });

  it("closes everybody with 1001 when disposed of, refuses newcomers meanwhile, and ends once", async () => {
    const { port, server } = await serve();
    const url = `ws://127.0.0.1:${port}/`;
    const connections = await Promise.all(Array.from({ length: 5 }, () => dial(url, { clock, random })));
    const closes = connections.map(
      (connection) => new Promise((resolve) => connection.start(handlers({ onClose: (...told) => resolve(told) }))),
    );
    const ended = server[Symbol.asyncDispose]();
    expect(server[Symbol.asyncDispose]()).toBe(ended);
    await expect(dial(url, { clock, random })).rejects.toMatchObject({ status: 503 });
    await ended;
    expect(server.connectionCount).toBe(0);
    expect(await Promise.all(closes)).toEqual(Array.from({ length: 5 }, () => [1001, "server stopping", true]));
  });

  it("ends by the time limit though a peer neither answers nor goes away", async () => {
    const { port, server } = await serve({ closeTimeoutMs: 30 });
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    toClose.push(() => socket.destroy());
    socket.on("error", () => undefined);
    socket.write(requestText(goodLines));
    await new Promise((resolve) => socket.once("data", resolve));
    await server[Symbol.asyncDispose]();
    expect(server.connectionCount).toBe(0);
  });

  it("survives a peer that resets in the middle of anything", async () => {
    const closes: number[] = [];
    let opened: WebSocketConnection | undefined;
    const { port, server } = await serve({
      onConnection(connection) {
        opened = connection;
        connection.start(handlers({ onClose: (code) => void closes.push(code) }));
      },
    });
    const socket = connect(port, "127.0.0.1", () => socket.write(requestText(goodLines)));
    await new Promise((resolve) => socket.once("data", resolve));
    opened?.sendBinary(new Uint8Array(200_000));
    socket.resetAndDestroy();
    while (server.connectionCount > 0) await settle();
    expect(closes).toEqual([1006]);
  });

  it.each([
    [{ path: "ours" }, "path"],
    [{ path: "/a?b" }, "path"],
    [{ maxConnections: 0 }, "maxConnections"],
    [{ maxHandshakesPerSecond: -1 }, "maxHandshakesPerSecond"],
    [{ maxFramesPerSecond: 1.5 }, "maxFramesPerSecond"],
    [{ maxControlFramesPerSecond: 2 * 10 ** 7 }, "maxControlFramesPerSecond"],
    [{ messageTimeoutMs: 99 }, "messageTimeoutMs"],
    [{ slowReceiverMs: -1 }, "slowReceiverMs"],
    [{ idleMs: 10 ** 8 }, "idleMs"],
    [{ ping: { intervalMs: 999 } }, "ping.intervalMs"],
    [{ ping: { graceMs: 0 } }, "ping.graceMs"],
    [{ maxMessageBytes: 2 ** 28 + 1 }, "maxMessageBytes"],
    [{ maxFragments: 0 }, "maxFragments"],
    [{ maxQueuedBytes: 10 }, "maxQueuedBytes"],
    [{ maxQueuedBytes: 2_000, highWaterBytes: 2_001 }, "highWaterBytes"],
    [{ closeTimeoutMs: 0.5 }, "closeTimeoutMs"],
    [{ deflate: { windowBits: 7 } }, "deflate.windowBits"],
  ])("refuses %j and names the option", (options, field) => {
    expect(() => createWebSocketServer({ clock, random, onConnection() {}, ...options })).toThrow(
      expect.objectContaining({ code: "option-invalid", field }),
    );
  });
});
