// The README's servers beside web frameworks and beside `ws`: everybody keeps their own, pages and sockets.

import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { localhostCertificate, localhostKey } from "./localhost-certificate.ts";
import { ask } from "./echo-client.ts";
import { startEcho } from "./echo-server.ts";
import { startForMembers } from "./members-only.ts";
import { attachWs } from "./neighbours.ts";
import { dialOverTls, startOverTls } from "./over-tls.ts";
import { startWithExpress } from "./with-express.ts";
import { startWithFastify } from "./with-fastify.ts";
import { startWithHono } from "./with-hono.ts";

const toClose: (() => unknown)[] = [];
beforeEach(() => void vi.spyOn(console, "log").mockReturnValue()); // the echo tells how connections end
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
  vi.restoreAllMocks();
});

const frameworks: Record<string, () => Promise<Server>> = {
  "no framework": () => Promise.resolve(startEcho(0)),
  Express: () => Promise.resolve(startWithExpress(0)),
  async Fastify() {
    const app = await startWithFastify(0);
    toClose.push(() => app.close());
    return app.server;
  },
  Hono: () => Promise.resolve(startWithHono(0) as Server),
};

async function start(name: string): Promise<{ http: Server; authority: string }> {
  const http = await (frameworks[name] as () => Promise<Server>)();
  if (!http.listening) await once(http, "listening");
  toClose.push(() => new Promise((resolve) => http.close(resolve)));
  return { http, authority: `localhost:${(http.address() as AddressInfo).port}` };
}

/** Sends through `ws` and gives the first answer, or the status of a refusal. */
function askByWs(url: string, question: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on("open", () => socket.send(question));
    socket.on("unexpected-response", (_request, { statusCode }: IncomingMessage) => resolve(`HTTP ${statusCode}`));
    socket.on("message", (data: Buffer) => {
      resolve(data.toString());
      socket.close();
    });
    socket.on("error", reject);
  });
}

describe.each(Object.keys(frameworks))("beside %s", (name) => {
  it("echoes on its path, for our client and for ws", async () => {
    const { authority } = await start(name);
    expect(await ask(`ws://${authority}/echo`, "hellö")).toBe("hellö");
    expect(await askByWs(`ws://${authority}/echo?token=x`, "hellö")).toBe("hellö");
  });

  it("answers 404 to sockets that nobody takes", async () => {
    const { authority } = await start(name);
    expect(await askByWs(`ws://${authority}/other`, "?")).toBe("HTTP 404");
  });

  it("leaves a ws server on another path its sockets, whoever came first", async () => {
    const { http, authority } = await start(name);
    const theirs = attachWs(http, "/theirs");
    theirs.on("connection", (socket: WebSocket) =>
      socket.on("message", (data: Buffer) => socket.send(`ws: ${data.toString()}`)),
    );
    toClose.push(() => theirs.close());
    for (let round = 0; round < 3; round++) {
      expect(await askByWs(`ws://${authority}/theirs`, "hello")).toBe("ws: hello");
      expect(await ask(`ws://${authority}/echo`, "hello")).toBe("hello");
    }
  });
});

describe.each(["Express", "Fastify", "Hono"])("the pages of %s", (name) => {
  it("are answered as without us, before and after sockets", async () => {
    const { authority } = await start(name);
    const page = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://${authority}${path}`);
      return [response.status, await response.text()];
    };
    for (let round = 0; round < 2; round++) {
      expect(await page("/hello")).toEqual([200, "hello"]);
      expect((await page("/nowhere"))[0]).toBe(404);
      expect((await page("/echo"))[0]).toBe(404); // a plain request is the framework's
      expect(await ask(`ws://${authority}/echo`, "hello")).toBe("hello");
    }
  });

  it("are answered on a connection that is kept alive and then upgraded", async () => {
    const { authority } = await start(name);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    toClose.push(() => agent.destroy());
    const first = httpRequest(`http://${authority}/hello`, { agent });
    first.end();
    const [response] = (await once(first, "response")) as [IncomingMessage];
    expect(await response.setEncoding("utf8").toArray()).toEqual(["hello"]);
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const second = httpRequest(`http://${authority}/echo`, { agent, headers });
    second.end();
    const [answer, socket] = (await once(second, "upgrade")) as [IncomingMessage, NodeJS.WritableStream];
    expect(answer.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(second.reusedSocket).toBe(true);
    socket.end();
  });
});

describe("an owner that asks elsewhere first", () => {
  it("lets members in and refuses others, as the README's program says", async () => {
    const http = startForMembers(0, (cookie) => Promise.resolve(cookie === "member=ada"));
    await once(http, "listening");
    toClose.push(() => new Promise((resolve) => http.close(resolve)));
    const url = `ws://localhost:${(http.address() as AddressInfo).port}/`;
    expect(await askByWs(url, "hello", { Cookie: "member=ada" })).toBe("hello");
    expect(await askByWs(url, "hello")).toBe("HTTP 401");
  });
});

describe("over TLS", () => {
  it("echoes as the README's two functions say, with the options of the owner's server", async () => {
    const https = startOverTls(0, localhostCertificate, localhostKey);
    await once(https, "listening");
    toClose.push(() => new Promise((resolve) => https.close(resolve)));
    const url = `wss://localhost:${(https.address() as AddressInfo).port}/echo`;
    const connection = await dialOverTls(url, localhostCertificate);
    const echoed = await new Promise((resolve) => {
      connection.start({ onText: resolve, onBinary() {}, onClose() {} });
      connection.sendText("hellö");
    });
    expect(echoed).toBe("hellö");
    connection.close();
  });
});
