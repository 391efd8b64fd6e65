// The server's half of the opening handshake over real sockets, and its neighbours on the same HTTP server.

import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { settle } from "../testing/fake-socket.ts";
import { goodLines, requestText, talk } from "../testing/raw-http.ts";
import type { WebSocketConnection } from "./connection.ts";
import { createWebSocketServer, type WebSocketServer, type WebSocketServerOptions } from "./server.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function listen(http: Server): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  toClose.push(() => new Promise((resolve) => http.close(resolve)));
  return (http.address() as AddressInfo).port;
}

const echo = (connection: WebSocketConnection): void =>
  connection.start({ onText: (text) => void connection.sendText(text), onBinary() {}, onClose() {} });

/** An engine with the machine's clock and chance, as its users have it. */
function engine(options: Partial<WebSocketServerOptions> = {}): WebSocketServer {
  const server = createWebSocketServer({ onConnection: echo, ...options });
  toClose.push(() => server[Symbol.asyncDispose]());
  return server;
}

/** Gives the engine each upgrade request, and keeps what it throws. */
async function listenCatching(server: WebSocketServer): Promise<{ port: number; thrown: unknown[] }> {
  const thrown: unknown[] = [];
  const http = createServer().on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    try {
      server.handleUpgrade(request, socket, head);
    } catch (error) {
      thrown.push(error);
    }
  });
  return { port: await listen(http), thrown };
}

const get = (path: string): string => requestText(goodLines, `GET ${path} HTTP/1.1`);
const maskedA = "\x81\x81\0\0\0\0a";

describe("an opening handshake", () => {
  it.each([
    ["is taken with tokens in lists, over lines and in any case", { Upgrade: "h2c, WebSocket" }, "101 Switching"],
    ["is answered 426 when it asks for something else", { Upgrade: "h2c" }, "426 Upgrade Required"],
    ["is answered 426 for another version", { "Sec-WebSocket-Version": "8" }, "426 Upgrade Required"],
    ["is answered 400 for a key of other bytes", { "Sec-WebSocket-Key": "AAAA" }, "400 Bad Request"],
    ["is answered 400 for malformed extensions", { "Sec-WebSocket-Extensions": "a;" }, "400 Bad Request"],
    ["is answered 413 for a body", { "Content-Length": "3" }, "413 Payload Too Large"],
    ["is answered 431 by Node when its head is over 16 KiB", { "X-Long": "a".repeat(20_000) }, "431 Request Header"],
  ])("%s", async (_title, changes, status) => {
    const http = createServer();
    engine().attach(http);
    const names = Object.keys(changes);
    const kept = goodLines.filter((line) => !names.some((name) => line.startsWith(`${name}:`)));
    const changed = Object.entries(changes).map(([name, value]) => `${name}: ${value}`);
    const answer = await talk(await listen(http), requestText([...kept, ...changed]), "\r\n\r\n");
    expect(answer.startsWith(`HTTP/1.1 ${status}`)).toBe(true);
  });

  it("that is refused can be read by a peer that goes on sending, and repeats nothing of the request", async () => {
    const http = createServer();
    engine({ path: "/ours" }).attach(http);
    const text = `${get("/<script>")}${"x".repeat(5_000_000)}`;
    const answer = await talk(await listen(http), text);
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\nConnection: close\r\nDate: .* GMT\r\n/);
    expect(answer).toMatch(
      /\r\nContent-Type: text\/plain; charset=utf-8\r\n.*\r\nContent-Length: 13\r\n\r\nnothing here\n$/s,
    );
  });

  it("may name its target in full (§4.1)", async () => {
    const http = createServer();
    engine({ path: "/ours" }).attach(http);
    const answer = await talk(await listen(http), get("http://h/ours?x"), "\r\n\r\n");
    expect(answer).toContain(" 101 ");
  });

  it("is answered 500 when `authorize` gives a refusal that cannot be sent, and the owner is told", async () => {
    const refusals = [
      { status: 200, reason: "" },
      { status: 403, reason: "", headers: { "X-A": "1\r\n" } },
    ];
    const { port, thrown } = await listenCatching(engine({ authorize: () => refusals.shift() }));
    expect(await talk(port, get("/"))).toMatch(/^HTTP\/1\.1 500 /);
    expect(await talk(port, get("/"))).toMatch(/^HTTP\/1\.1 500 /);
    expect(thrown).toEqual([expect.objectContaining({ field: "status" }), expect.any(TypeError)]);
  });

  it("ends with a reset of its connection when `onConnection` throws, and the owner is told", async () => {
    const server = engine({
      onConnection() {
        throw new Error("owner's bug");
      },
    });
    const { port, thrown } = await listenCatching(server);
    expect(await talk(port, get("/"))).toBe("");
    expect(thrown).toEqual([new Error("owner's bug")]);
    while (server.connectionCount > 0) await settle();
  });
});

describe("an owner that takes its time", () => {
  it("hands a request over later, and loses nothing that was sent behind it", async () => {
    const server = engine();
    const http = createServer().on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void settle().then(() => server.handleUpgrade(request, socket, head));
    });
    const port = await listen(http);
    const answer = await talk(port, `${get("/")}${maskedA}`, "\r\n\r\n\x81\x01a");
    expect(answer).toContain(" 101 ");
  });

  it.each(["end", "resetAndDestroy"] as const)(
    "hands over nothing when the peer is gone by then (%s)",
    async (leave) => {
      const server = engine();
      const http = createServer();
      const port = await listen(http);
      const peer = connect(port, "127.0.0.1", () => peer.write(get("/")));
      toClose.push(() => peer.destroy());
      const handOver = new Promise<() => boolean>((resolve) => {
        http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
          const left = (): void => resolve(() => server.handleUpgrade(request, socket, head));
          socket
            .on("error", () => undefined)
            .on("close", left)
            .on("end", left)
            .resume();
          peer[leave]();
        });
      });
      expect((await handOver)()).toBe(true);
      expect(server.connectionCount).toBe(0);
    },
  );
});

describe("a path", () => {
  it("may be a question to the owner, who sees it without query and may look at the request", async () => {
    const asked: string[] = [];
    const http = createServer();
    engine({
      path: (path, { headers }) => asked.push(path) > 0 && path.startsWith("/rooms/") && headers.host === "h",
    }).attach(http);
    const port = await listen(http);
    expect(await talk(port, get("/rooms/1?token=x"), "\r\n\r\n")).toContain(" 101 ");
    expect(await talk(port, get("/other"), "\r\n\r\n")).toContain(" 404 ");
    expect(asked).toEqual(["/rooms/1", "/other"]);
  });

  it("that the owner fails to judge is answered 500", async () => {
    const server = engine({
      path() {
        throw new Error("owner's bug");
      },
    });
    const { port, thrown } = await listenCatching(server);
    expect(await talk(port, get("/"))).toMatch(/^HTTP\/1\.1 500 /);
    expect(thrown.length).toBe(1);
  });

  it("that none of several engines on one server wants is answered 404, once", async () => {
    const http = createServer();
    const detachers = ["/a", "/b", "/c"].map((path) => engine({ path }).attach(http));
    const port = await listen(http);
    for (const path of ["/a", "/b", "/c"]) expect(await talk(port, get(path), "\r\n\r\n")).toContain(" 101 ");
    expect((await talk(port, get("/d"))).match(/HTTP\/1\.1 404/g)).toHaveLength(1);
    detachers[2]?.();
    expect(await talk(port, get("/c"))).toContain(" 404 ");
    expect(await talk(port, get("/b"), "\r\n\r\n")).toContain(" 101 ");
  });

  it.each(["before", "after"])("of a listener attached %s ours is left to it, however long it takes", async (when) => {
    const http = createServer();
    const attachTheirs = (): unknown =>
      http.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
        if (request.url !== "/theirs") return;
        void settle().then(() => socket.end("HTTP/1.1 101 Theirs\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello"));
      });
    if (when === "before") attachTheirs();
    engine({ path: "/ours" }).attach(http);
    if (when === "after") attachTheirs();
    const port = await listen(http);
    expect(await talk(port, get("/theirs"))).toMatch(/^HTTP\/1\.1 101 Theirs\r\n.*\r\n\r\nhello$/s);
    expect(await talk(port, get("/ours"), "\r\n\r\n")).toContain(" 101 Switching");
  });
});
