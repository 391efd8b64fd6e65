import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { systemClock, systemRandom } from "@heddle/base/system";
import { acceptKeyFor } from "../handshake/accept-key.ts";
import { dial, type DialOptions } from "./dial.ts";
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

/** A server that answers every request with what `answer` makes of the client's key and the request's text. */
async function answering(answer: (key: string, request: string) => string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      const key = /sec-websocket-key: (.*)\r\n/i.exec(text)?.[1] ?? "";
      socket.end(answer(key, text), "latin1");
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
    const headers = {
      Authorization: "Bearer x",
      Origin: "http://o",
      "sec-websocket-version": "8",
      upgrade: "h2c",
      host: "x",
    };
    (await attempt(`ws://127.0.0.1:${port}/a/b?c=d`, { headers })).terminate();
    expect(seen).toMatchObject({ authorization: "Bearer x", origin: "http://o", url: "/a/b?c=d" });
    expect(seen).toMatchObject({ "sec-websocket-version": "13", upgrade: "websocket", host: `127.0.0.1:${port}` });
  });

  it("sends one GET with each header of the handshake once, a fresh key, and nothing before the answer (§4.1)", async () => {
    const keys = new Set<string>();
    for (let round = 0; round < 2; round++) {
      let request = "";
      const url = await answering((key, text) => {
        request = text;
        return answer101(key);
      });
      (await attempt(`${url}a?b`, { protocols: ["x", "y"] })).terminate();
      expect(request).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n/);
      expect(request.endsWith("\r\n\r\n")).toBe(true);
      const wanted = [
        `host: ${new URL(url).host}`,
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-protocol: x, y",
      ];
      const lines = request.toLowerCase().split("\r\n");
      for (const line of wanted) expect(lines.filter((each) => each === line)).toHaveLength(1);
      const names = lines.slice(1).map((line) => line.split(":")[0]);
      expect(new Set(names).size).toBe(names.length - 1); // the two empty lines at the end
      const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? "";
      expect(Buffer.from(key, "base64").length).toBe(16);
      keys.add(key);
    }
    expect(keys.size).toBe(2);
  });

  it("brings host and path into ASCII, and asks for nothing beyond the query (§3, §11.1.1)", async () => {
    const seen = answering((_key, text) => `HTTP/1.1 400 ${text.split(" ")[1]}\r\nContent-Length: 0\r\n\r\n`);
    await expect(attempt(`${await seen}zimmer/ä b?q=ü`)).rejects.toThrow("400 /zimmer/%C3%A4%20b?q=%C3%BC");
    const signal = AbortSignal.abort();
    await expect(attempt("ws://bücher.example/%23", { signal })).rejects.toThrow("ws://xn--bcher-kva.example/%23");
  });

  it("sends the credentials of an address, and keeps them out of errors", async () => {
    const refusing = answering((_key, text) => {
      const authorization = /authorization: (.*)\r\n/i.exec(text)?.[1];
      return `HTTP/1.1 401 ${authorization}\r\nContent-Length: 0\r\n\r\n`;
    });
    const url = (await refusing).replace("//", "//ada:p%C3%A4ss@");
    await expect(attempt(url)).rejects.toThrow(`401 Basic ${Buffer.from("ada:päss").toString("base64")}`);
    for (const bad of [
      `${url}#x`,
      url.replace("ws:", "ftp:"),
      url.replace("%A4", "%zz"),
      "ws://ada:p%C3%A4ss@h:99999",
    ]) {
      const failing = attempt(`${bad}?token=secret`);
      await expect(failing).rejects.toMatchObject({ code: "url-invalid" });
      await expect(failing).rejects.not.toThrow(/ada|secret|p%C3/);
    }
  });

  it("takes an answer in any case and order, and what came in one packet with it as first messages", async () => {
    const url = await answering((key) => {
      const lines = [
        `sec-websocket-accept:\t${acceptKeyFor(key)} `,
        "CONNECTION: keep-alive, UPGRADE",
        "upgrade: WebSocket",
      ];
      return `HTTP/1.1 101 Yes\r\n${lines.join("\r\n")}\r\n\r\n\x81\x01a\x82\x02bc`;
    });
    const connection = await attempt(url);
    const told: string[] = [];
    await new Promise<void>((resolve) =>
      connection.start({
        onText: (text) => void told.push(text),
        onBinary: (bytes) => void told.push(Buffer.from(bytes).toString()),
        onClose: () => resolve(),
      }),
    );
    expect(told).toEqual(["a", "bc"]);
  });

  it("tells a refusal's status and when to come back", async () => {
    const busy = await answering(() => "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    await expect(attempt(busy)).rejects.toMatchObject({
      ...{ code: "handshake-refused", status: 503, retryAfterS: 7, retryable: true },
    });
    const challenge = "WWW-Authenticate: Bearer\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n";
    const closed = await answering(() => `HTTP/1.1 401 No\r\n${challenge}Content-Length: 0\r\n\r\n`);
    await expect(attempt(closed)).rejects.toMatchObject({
      ...{ code: "handshake-refused", status: 401, retryable: false },
      headers: { "www-authenticate": "Bearer", "set-cookie": ["a=1", "b=2"] },
    });
    const moved = await answering(() => "HTTP/1.1 302 Found\r\nLocation: ws://x/\r\nContent-Length: 0\r\n\r\n");
    await expect(attempt(moved)).rejects.toMatchObject({
      ...{ code: "handshake-refused", status: 302, headers: { location: "ws://x/" } },
    });
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
    ["no HTTP", () => "hello\r\n\r\n", "handshake-invalid"],
    ["nothing", () => "", "unreachable"],
    ["an endless head", () => `HTTP/1.1 101 X\r\nA: ${"a".repeat(20_000)}\r\n\r\n`, "handshake-invalid"],
  ])("fails on %s", async (_what, answer, code) => {
    await expect(attempt(await answering(answer))).rejects.toMatchObject({ name: "WebSocketError", code });
  });

  it.each([
    ["an ill window", "permessage-deflate; server_no_context_takeover; server_max_window_bits=7"],
    ["an answer that ignores what was asked", "permessage-deflate"],
    ["an extension nobody offered", "permessage-deflate; server_no_context_takeover, x"],
  ])("fails on %s when it offers compression (RFC 7692 §7.1)", async (_what, extensions) => {
    const url = await answering((key) => answer101(key, `Sec-WebSocket-Extensions: ${extensions}\r\n`));
    await expect(attempt(url, { deflate: {} })).rejects.toMatchObject({ code: "handshake-invalid" });
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
    ["ws://x/", { deflate: { level: 0 } }, { code: "option-invalid", field: "deflate.level" }],
    ["ws://x/", { maxMessageBytes: 0 }, { code: "option-invalid", field: "maxMessageBytes" }],
  ])("refuses %s with %j before it connects", async (url, options, error) => {
    await expect(attempt(url, options)).rejects.toMatchObject(error);
  });
});
