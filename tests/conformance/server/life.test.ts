import { createServer as createHttpServer, get, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createServer, memoryEngine, serverLimits } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { chat as chatContract, startChat } from "../support/chat.ts";
import { RawClient, textOf } from "../support/raw-client.ts";

const contract = defineContract({ channels: { news: channel({ params: {}, events: { item: z.string() } }) } });
const auth = (token: string | undefined) => (token ? { user: token } : null);
/** Two seconds are promised; the rest is for a busy machine. */
const closeMs = 4_000;

async function request(url: string, method = "GET"): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        const isJson = response.headers["content-type"]?.startsWith("application/json") && text !== "";
        resolve({ status: response.statusCode, body: isJson ? (JSON.parse(text) as unknown) : text });
      });
    });
    asked.on("error", reject);
  });
}

async function listening(http: Server): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe("listen", () => {
  it("tells where it listens and whether it is ready", async () => {
    await using chat = await startChat();
    expect(chat.server.address).toMatchObject({ host: "127.0.0.1", url: chat.url });
    expect(await request(`${chat.url}/healthz`)).toEqual({
      status: 200,
      body: { live: true, ready: true, draining: false },
    });
    expect((await request(`${chat.url}/healthz/live`)).status).toBe(200);
    expect((await request(`${chat.url}/healthz`, "HEAD")).status).toBe(200);
    expect((await request(`${chat.url}/healthz`, "POST")).status).toBe(405);
  });

  it("answers unknown paths 404 and plain requests to its transport 426, as JSON", async () => {
    await using chat = await startChat();
    expect(await request(`${chat.url}/nothing?x=1`)).toEqual({ status: 404, body: { error: "not found" } });
    expect((await request(`${chat.url}/realtime`)).status).toBe(426);
    await expect(RawClient.connect(`${chat.url}/elsewhere`)).rejects.toThrow("HTTP 404");
  });

  it("serves the application's own pages, and survives their faults", async () => {
    await using server = createServer({ contract, auth, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const { url } = await server.listen({
      ...{ port: 0, host: "127.0.0.1" },
      handler: async ({ url: path }, response) => {
        if (path === "/broken") throw new Error("secret");
        response.end(`page ${path}`);
      },
    });
    expect(await request(`${url}/index.html`)).toEqual({ status: 200, body: "page /index.html" });
    expect(await request(`${url}/broken`)).toEqual({ status: 500, body: { error: "internal error" } });
    expect((await request(`${url}/healthz`)).status).toBe(200);
  });

  it("refuses to start while a call of the contract has no handler, and names it", async () => {
    const server = createServer({ contract: chatContract, auth });
    server.call("rename", ({ name }) => ({ name }));
    const starting = server.listen({ port: 0 });
    await expect(starting).rejects.toMatchObject({ code: "handlers-missing" });
    await expect(starting).rejects.toThrow(/server\.call\("placeOrder", …\), server\.call\("wait", …\)$/);
    await server.close();
  });

  it("says so when the port is taken or no port, and can be tried again", async () => {
    await using chat = await startChat();
    await using second = createServer({ contract, auth });
    const port = chat.server.address?.port as number;
    await expect(second.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(second.listen({ port: 70_000 })).rejects.toThrow(/^port: 70000 given, 0 to 65535 wanted/);
    expect((await second.listen({ port: 0, host: "127.0.0.1" })).port).toBeGreaterThan(0);
    await expect(second.listen({ port: 0 })).rejects.toMatchObject({ code: "already-started" });
  });

  it("refuses limits outside their range, naming them", async () => {
    const server = createServer({ contract, auth, limits: { pingMs: 1 } });
    await expect(server.listen({ port: 0 })).rejects.toThrow(/^limits\.pingMs: 1 given, a number from 1000 to 300000/);
    await server.close();
  });

  it("turns connections away beyond its limit", async () => {
    await using chat = await startChat({ limits: { maxConnections: 1 } });
    expect(serverLimits.maxConnections).toBe(100_000);
    await using first = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    await expect(RawClient.connect(`${chat.url}/realtime`)).rejects.toThrow("HTTP 503");
    await first.settled();
  });
});

describe("attach", () => {
  it("takes its path of the application's server and leaves the others to whoever listens there", async () => {
    const http = createHttpServer((_request, response) => void response.end("the application"));
    const others = new WebSocketServer({ noServer: true });
    others.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${textOf(data)}`)));
    http.on("upgrade", (upgrade, socket, head) => {
      if (upgrade.url === "/echo") others.handleUpgrade(upgrade, socket, head, (ws) => others.emit("connection", ws));
    });
    const server = createServer({ contract, auth });
    const detach = await server.attach(http);
    const url = await listening(http);

    const heddle = await RawClient.greet(`${url}/realtime`, { k: "u1" });
    const echo = new WebSocket(`${url.replace("http", "ws")}/echo`);
    const answer = await new Promise((resolve) => {
      echo.on("open", () => echo.send("hi"));
      echo.on("message", (data) => resolve(textOf(data)));
    });
    expect(answer).toBe("echo hi");
    expect(await request(`${url}/healthz`)).toEqual({ status: 200, body: "the application" });

    detach();
    await heddle.settled(); // connections that are open stay
    expect(server.stats().connections).toBe(1);
    await server.close();
    expect(await heddle.closed).toMatchObject({ code: 4000 });
    expect(http.listening).toBe(true); // it is the application's
    expect(echo.readyState).toBe(WebSocket.OPEN);
    echo.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
});

describe("a server whose store is not there yet", () => {
  it("answers 503 until it is, and then takes clients", async () => {
    const engine = memoryEngine();
    const begin = engine.start.bind(engine);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    engine.start = async (env) => {
      await gate;
      await begin(env);
    };
    const http = createHttpServer();
    await using server = createServer({ contract, auth, engine });
    const attaching = server.attach(http);
    const url = await listening(http);
    await expect(RawClient.connect(`${url}/realtime`)).rejects.toThrow("HTTP 503");
    open();
    await attaching;
    await using client = await RawClient.greet(`${url}/realtime`, { k: "u1" });
    await client.settled();
    http.close();
  });

  it("says so when it cannot start, and can be tried again", async () => {
    const engine = memoryEngine();
    const begin = engine.start.bind(engine);
    let isDown = true;
    engine.start = (env) => (isDown ? Promise.reject(new Error("no route")) : begin(env));
    await using server = createServer({ contract, auth, engine });
    await expect(server.listen({ port: 0, host: "127.0.0.1" })).rejects.toThrow("no route");
    await expect(server.broadcast("x" as never, {} as never)).rejects.toMatchObject({ code: "unknownName" });
    await expect(server.channel("news").publish({}, "item", "x")).rejects.toThrow("no route");
    isDown = false;
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using client = await RawClient.greet(`${url}/realtime`, { k: "u1" });
    await client.settled();
    expect(server.stats().connections).toBe(1);
  });
});

describe("close", () => {
  it("sends everybody elsewhere with 4000, spread over the given time, and ends", async () => {
    const chat = await startChat();
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, index) => RawClient.greet(`${chat.url}/realtime`, { k: `u${index}` })),
    );
    expect(chat.server.stats().connections).toBe(20);
    await chat.server.close({ spreadMs: 5_000 });
    const waits = new Set<unknown>();
    for (const client of clients) {
      const bye = await client.next("bye");
      expect(bye).toMatchObject({ code: 4000 });
      expect(bye["after"]).toBeLessThanOrEqual(5_000);
      waits.add(bye["after"]);
      expect(await client.closed).toMatchObject({ code: 4000 });
    }
    expect(waits.size).toBeGreaterThan(10);
    expect(chat.server.stats()).toMatchObject({ connections: 0, draining: true });
    await expect(request(`${chat.url}/healthz`)).rejects.toThrow();
  });

  it("takes two seconds at most, even when peers neither read nor answer", async () => {
    const chat = await startChat();
    const { port } = chat.server.address as { port: number };
    const idle = connect(port, "127.0.0.1"); // never says anything
    const frozen = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    frozen.socket.pause(); // will not see the close frame, so never answers it
    const pages = get(`${chat.url}/nothing`); // keep-alive connection
    await new Promise((resolve) => pages.on("response", (response) => response.resume().on("end", resolve)));
    const startedMs = performance.now();
    await chat.server.close();
    expect(performance.now() - startedMs).toBeLessThan(closeMs);
    expect(chat.server.stats().connections).toBe(0);
    frozen.socket.terminate();
    idle.destroy();
  });

  it("may be called again, and before anything was started", async () => {
    await using server = createServer({ contract, auth });
    await expect(server.close({ spreadMs: -1 })).rejects.toThrow(/^close\.spreadMs: -1 given/);
    await server.close();
    await server.close();
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: "closed" });
    await expect(server.channel("news").publish({}, "item", "x")).rejects.toMatchObject({ code: "closed" });
  });

  it("stops the handlers of calls that are under way", async () => {
    const chat = await startChat();
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    client.say({ t: "call", r: 1, op: "wait", d: {} });
    await client.settled();
    await chat.server.close();
    expect(chat.stopped.all).toEqual(["the connection ended"]);
    expect(chat.logger.errors()).toEqual([]);
  });
});

describe("an address that can be nobody's", () => {
  it.each(["", "x".repeat(300)])("is refused: user %j", async (id) => {
    await using server = createServer({ contract, auth });
    expect(() => server.user(id)).toThrow(/^user: /);
  });
});

describe("a server that was not started", () => {
  it("publishes and reads already", async () => {
    await using server = createServer({ contract, auth });
    const { position } = await server.channel("news").publish({}, "item", "early");
    const page = await server.channel("news").history({}, { last: 10 });
    expect(page.events).toMatchObject([{ event: "item", payload: "early", position }]);
    expect(server.stats().guarantee).toMatchObject({ log: "memory" });
  });
});
