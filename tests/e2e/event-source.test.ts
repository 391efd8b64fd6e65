// A page that has nothing of Heddle's but an address: the browser's own EventSource, signed in by a cookie.

import { createServer as createHttp } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "@heddle/server";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import { words } from "./support/words.ts";

const heddle = createServer({
  contract: words,
  cookie: "session",
  auth: (token) => (token === "of-ada" ? { user: "ada" } : null),
});
/** `Last-Event-ID` of every request for the stream; undefined where there was none. */
const asked: (string | undefined)[] = [];
const http = createHttp((request, response) => {
  if (request.url?.startsWith("/realtime/stream")) asked.push(request.headers["last-event-id"] as string | undefined);
  if (heddle.handleRequest(request, response)) return;
  response.setHeader("set-cookie", "session=of-ada; HttpOnly; SameSite=Strict; Path=/");
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>t</title>");
});
let browser: Browser;
let url = "";

beforeAll(async () => {
  await heddle.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
  await heddle.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

const say = (text: string): Promise<unknown> => heddle.channel("room").publish({ roomId: "1" }, "said", text);
const heard = (page: Page): Promise<string[]> => page.evaluate("heard");
const within = { timeout: 15_000 };

it("EventSource reads a channel by a cookie, goes on by Last-Event-ID, and stops when the session is over", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(`
    globalThis.heard = [];
    globalThis.source = new EventSource("/realtime/stream?ch=room%2F1");
    source.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.t === "m") heard.push(frame.d);
    };
  `);
  await expect.poll(() => page.evaluate("source.readyState"), within).toBe(1);
  await expect.poll(() => heddle.stats().channels, within).toBe(1);
  await say("one");
  await expect.poll(() => heard(page), within).toEqual(["one"]);

  http.closeAllConnections();
  await say("two");
  await expect.poll(() => heard(page), within).toEqual(["one", "two"]);
  expect(asked).toEqual([undefined, expect.stringMatching(/^[\w-]+\.1\.\d+$/)]);

  await context.clearCookies();
  http.closeAllConnections();
  await expect.poll(() => page.evaluate("source.readyState"), within).toBe(2); // closed: it does not ask again
  expect(asked).toHaveLength(3);
  await context.close();
});
