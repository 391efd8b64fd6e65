import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { systemClock, systemRandom } from "@heddle/base/system";
import { acceptKeyFor } from "../handshake/accept-key.ts";
import { dial, type DialOptions } from "./dial.ts";
import { localhostCertificate, localhostKey } from "../testing/localhost-certificate.ts";
import { createWebSocketServer } from "./server.ts";

const clock = systemClock();
const random = systemRandom();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** A server that answers every request with what `answer` makes of the client's key. */
async function answering(answer: (key: string) => string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(chunk.toString("latin1"))?.[1] ?? "";
      socket.end(answer(key));
    });
  });
  return `ws://127.0.0.1:${await listen(server)}/`;
}

const answer101 = (key: string, more = ""): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKeyFor(key)}\r\n${more}\r\n`;

const attempt = (url: string, options: Partial<DialOptions> = {}) => dial(url, { clock, random, ...options });

describe("dial", () => {
  it("sends the caller's headers and target, but not in place of the handshake's", async () => {
    let seen: Record<string, unknown> = {};
    const http = createServer();
    const server = createWebSocketServer({
      ...{ clock, random },
      onConnection(connection, request) {
        seen = { ...request.headers, url: request.url };
        connection.start({ onText() {}, onBinary() {}, onClose() {} });
      },
    });
    server.attach(http);
    const port = await listen(http);
    toClose.push(() => server[Symbol.asyncDispose]());
    const headers = { Authorization: "Bearer x", Origin: "http://o", "sec-websocket-version": "8", upgrade: "h2c" };
    (await attempt(`ws://127.0.0.1:${port}/a/b?c=d`, { headers })).terminate();
    expect(seen).toMatchObject({ authorization: "Bearer x", origin: "http://o", url: "/a/b?c=d" });
    expect(seen).toMatchObject({ "sec-websocket-version": "13", upgrade: "websocket", host: `127.0.0.1:${port}` });
  });

  it("speaks wss:, and refuses a certificate nobody vouches for", async () => {
    const https = createTlsServer({ cert: localhostCertificate, key: localhostKey });
    const server = createWebSocketServer({
      ...{ clock, random },
      onConnection: (connection) =>
        connection.start({ onText: (text) => void connection.sendText(text), onBinary() {}, onClose() {} }),
    });
    server.attach(https);
    const port = await listen(https);
    toClose.push(() => server[Symbol.asyncDispose]());
    const url = `wss://localhost:${port}/`;
    await expect(attempt(url)).rejects.toMatchObject({ code: "unreachable", retryable: true });
    const connection = await attempt(url, { tls: { ca: localhostCertificate } });
    const text = "over TLS ".repeat(20_000);
    const echoed = await new Promise((resolve) => {
      connection.start({ onText: resolve, onBinary() {}, onClose() {} });
      connection.sendText(text);
    });
    expect(echoed).toBe(text);
    connection.terminate();
  });

  it("tells a refusal's status and when to come back", async () => {
    const busy = await answering(() => "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    await expect(attempt(busy)).rejects.toMatchObject({
      ...{ code: "handshake-refused", status: 503, retryAfterS: 7, retryable: true },
    });
    const closed = await answering(() => "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    await expect(attempt(closed)).rejects.toMatchObject({ code: "handshake-refused", status: 401, retryable: false });
    const moved = await answering(() => "HTTP/1.1 302 Found\r\nLocation: ws://x/\r\nContent-Length: 0\r\n\r\n");
    await expect(attempt(moved)).rejects.toMatchObject({ code: "handshake-refused", status: 302 });
  });

  it.each([
    ["a wrong proof", () => answer101("x"), "handshake-invalid"],
    [
      "an extension nobody offered",
      (key: string) => answer101(key, "Sec-WebSocket-Extensions: x\r\n"),
      "handshake-invalid",
    ],
    [
      "a protocol nobody offered",
      (key: string) => answer101(key, "Sec-WebSocket-Protocol: x\r\n"),
      "handshake-invalid",
    ],
    ["101 without Upgrade", () => "HTTP/1.1 101 Switching Protocols\r\n\r\n", "handshake-invalid"],
    ["no HTTP", () => "hello\r\n\r\n", "unreachable"],
    ["nothing", () => "", "unreachable"],
    ["an endless head", () => `HTTP/1.1 101 X\r\nA: ${"a".repeat(20_000)}\r\n\r\n`, "unreachable"],
  ])("fails on %s", async (_what, answer, code) => {
    await expect(attempt(await answering(answer))).rejects.toMatchObject({ name: "WebSocketError", code });
  });

  it("fails when nobody listens", async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await expect(attempt(`ws://127.0.0.1:${port}`)).rejects.toMatchObject({ code: "unreachable", retryable: true });
  });

  it("gives up after the time limit, or when told to, and hangs up", async () => {
    const hungUp: Promise<void>[] = [];
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined).resume();
      hungUp.push(new Promise((resolve) => socket.on("close", () => resolve())));
    });
    const connected = (): Promise<unknown> => new Promise((resolve) => server.once("connection", resolve));
    const url = `ws://127.0.0.1:${await listen(server)}/?token=secret`;

    const fake = new FakeClock();
    const late = attempt(url, { clock: fake, handshakeTimeoutMs: 3_000 });
    late.catch(() => undefined);
    await connected();
    fake.advance(3_000);
    await expect(late).rejects.toMatchObject({ code: "handshake-timeout", retryable: true });
    await expect(late).rejects.not.toThrow("secret");

    const giveUp = new AbortController();
    const aborted = attempt(url, { clock: fake, signal: giveUp.signal });
    aborted.catch(() => undefined);
    await connected();
    giveUp.abort(new Error("enough"));
    await expect(aborted).rejects.toMatchObject({ code: "aborted", cause: new Error("enough") });
    await expect(attempt(url, { signal: giveUp.signal })).rejects.toMatchObject({ code: "aborted" });
    await Promise.all(hungUp);
    expect(hungUp.length).toBe(2);
    expect(fake.nextDueMs).toBeUndefined();
  });

  it.each([
    ["ftp://x/", {}, { code: "url-invalid" }],
    ["nonsense", {}, { code: "url-invalid" }],
    ["ws://x/#fragment", {}, { code: "url-invalid" }],
    ["ws://x/", { protocols: ["a", "a"] }, { code: "option-invalid", field: "protocols" }],
    ["ws://x/", { protocols: ["a b"] }, { code: "option-invalid", field: "protocols" }],
    ["ws://x/", { handshakeTimeoutMs: 0 }, { code: "option-invalid", field: "handshakeTimeoutMs" }],
    ["ws://x/", { maxHeaderBytes: 1 }, { code: "option-invalid", field: "maxHeaderBytes" }],
    ["ws://x/", { maxMessageBytes: 0 }, { code: "option-invalid", field: "maxMessageBytes" }],
  ])("refuses %s with %j before it connects", async (url, options, error) => {
    await expect(attempt(url, options)).rejects.toMatchObject(error);
  });
});
