// A network that lets no WebSocket through: the client finds another way, and says which and why.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import { firstThatWorks, httpPoll, httpStream } from "@heddle/client/http";
import { startChat, type RunningChat } from "../support/chat.ts";
import { clientOf } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

/** A way to the server that passes requests on and keeps upgrades waiting for ever, or refuses them. */
async function blocked(
  chat: RunningChat,
  upgrades: "hang" | "refuse",
  streams: "pass" | "hang" | "forbid" = "pass",
): Promise<string> {
  const server = createServer((request, response) => {
    const isStream = request.url?.endsWith("/stream") === true;
    if (streams === "hang" && isStream) return;
    if (streams === "forbid" && isStream) response.writeHead(403).end("<h1>Forbidden by policy</h1>");
    else if (!chat.server.handleRequest(request, response)) response.writeHead(404).end();
  });
  server.on("upgrade", (_request, socket) => {
    if (upgrades === "refuse") socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ladderTo = (url: string) => {
  const endpoint = `${url}/realtime`;
  const webSocket = nodeWebSocket(endpoint.replace("http", "ws"), { clock: systemClock(), random: systemRandom() });
  return firstThatWorks([webSocket, httpStream(endpoint), httpPoll(endpoint)], { headStartMs: 100 });
};

it.each([
  ["hang", "pass", "stream", /^silent$/],
  ["refuse", "pass", "stream", /403/],
  ["refuse", "hang", "poll", /^silent$/],
  ["refuse", "forbid", "poll", /^HTTP 403$/],
] as const)("comes through where upgrades %s and streams %s: by %s", async (upgrades, streams, name, why) => {
  const chat = await startChat();
  toClose.push(() => chat.server.close());
  const url = await blocked(chat, upgrades, streams);
  const transport = ladderTo(url);
  const ada = clientOf({ url }, "ada", { transport, connectMs: 1_000 });
  toClose.push(() => ada.close());
  const said = new Inbox<string>();
  const room = ada.channel("room", { roomId: "1" });
  room.on("message", ({ text }) => said.take(text));
  await room.ready();
  expect(transport.name).toBe(name);
  expect(transport.why).toMatch(why);
  for (const text of ["one", "two", "three"]) await room.publish("message", { text });
  expect([await said.next(), await said.next(), await said.next()]).toEqual(["one", "two", "three"]);
});
