// The HTTP transport inside web frameworks: they hand on Node's request and response, and keep their own pages.

import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { httpPoll, httpStream } from "@heddle/client/http";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import type { ChatServer } from "../support/chat.ts";
import { startChat } from "../support/chat.ts";
import { clientOf, online } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

const before = (heddle: ChatServer, pages: RequestListener): Server =>
  createHttp((request, response) => {
    if (!heddle.handleRequest(request, response)) pages(request, response);
  });

const frameworks: Readonly<Record<string, (heddle: ChatServer) => Promise<Server>>> = {
  "Node's http": (heddle) => Promise.resolve(before(heddle, (_request, response) => void response.end("hello"))),
  Express(heddle) {
    const app = express();
    app.use((request, response, next) => {
      if (!heddle.handleRequest(request, response)) next();
    });
    app.use(express.json());
    app.get("/hello", (_request, response) => void response.send("hello"));
    return Promise.resolve(createHttp(app));
  },
  async Fastify(heddle) {
    const app = fastify({ serverFactory: (pages) => before(heddle, pages) });
    app.get("/hello", () => "hello");
    await app.ready();
    return app.server;
  },
  Hono(heddle) {
    const app = new Hono();
    app.get("/hello", (context) => context.text("hello"));
    const pages = getRequestListener(app.fetch);
    return Promise.resolve(before(heddle, (request, response) => void pages(request, response)));
  },
};

describe.each(Object.keys(frameworks))("in %s", (name) => {
  it("streams, polls, posted frames and sockets reach Heddle, and pages their framework", async () => {
    const chat = await startChat();
    toClose.push(() => chat.server.close());
    const http = await (frameworks[name] as (heddle: ChatServer) => Promise<Server>)(chat.server);
    toClose.push(await chat.server.attach(http));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    toClose.push(() => {
      http.closeAllConnections();
      http.close();
    });
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/hello`)).text()).toBe("hello");
    const ada = clientOf({ url }, "ada");
    const people = [
      ada,
      ...[httpStream, httpPoll].map((way) => clientOf({ url }, "bob", { transport: way(`${url}/realtime`) })),
    ];
    toClose.push(() => Promise.all(people.map((client) => client.close())));
    const inboxes = people.map((client) => {
      const inbox = new Inbox<string>();
      client.channel("room", { roomId: "1" }).on("message", ({ text }) => inbox.take(text));
      return inbox;
    });
    await Promise.all(people.map(online));
    await Promise.all(people.map((client) => client.channel("room", { roomId: "1" }).ready()));
    for (const client of people) await client.channel("room", { roomId: "1" }).publish("message", { text: "hi" });
    for (const inbox of inboxes) expect(await inbox.nextOf(people.length)).toEqual(["hi", "hi", "hi"]);
    expect(await people[1]?.call("rename", { name: "x" })).toEqual({ name: "X" });
    expect(await (await fetch(`${url}/hello`)).text()).toBe("hello");
  });
});
