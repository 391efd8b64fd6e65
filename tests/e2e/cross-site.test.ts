// A page of another site in the browser of somebody who is signed in: it tries every transport, with the visitor's cookie in reach.

import { createServer as createHttp, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "@heddle/server";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import { words } from "./support/words.ts";

const heddle = createServer({
  contract: words,
  cookie: "session",
  auth: (token) => (token === "of-ada" ? { user: "ada" } : null),
});
/** Cookies that came with requests from the other site. */
const cookiesFromElsewhere: (string | undefined)[] = [];
const home = createHttp((request, response) => {
  if (request.headers.origin !== undefined && request.headers.origin !== homeUrl)
    cookiesFromElsewhere.push(request.headers.cookie);
  if (heddle.handleRequest(request, response)) return;
  // As careless as it gets short of SameSite=None: the cookie goes along with navigation from other sites.
  response.setHeader("set-cookie", "session=of-ada; HttpOnly; Path=/");
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>home</title>");
});
const elsewhere = createHttp((_request, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>elsewhere</title>");
});
let browser: Browser;
let context: BrowserContext;
let homeUrl = "";
let elsewhereUrl = "";

/** @param host  another name for this machine is another site, another port alone another origin */
async function listen(server: Server, host: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  await heddle.attach(home);
  homeUrl = await listen(home, "127.0.0.1");
  elsewhereUrl = await listen(elsewhere, "localhost");
  browser = await connect();
  context = await browser.newContext();
  await (await context.newPage()).goto(homeUrl);
});

afterAll(async () => {
  await context.close();
  await browser.close();
  await heddle.close();
  for (const server of [home, elsewhere]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Tries one transport from the page; says what it came to. */
const attempts: Readonly<Record<string, string>> = {
  WebSocket: `new Promise((resolve) => {
    const socket = new WebSocket(home.replace("http", "ws") + "/realtime");
    socket.onopen = () => resolve("open");
    socket.onclose = () => resolve("refused");
  })`,
  ...Object.fromEntries(
    ["stream", "poll", "frames"].map((path) => [
      path,
      `fetch(home + "/realtime/${path}", {
        method: "POST", credentials: "include", body: JSON.stringify({ t: "hello", v: 1, pid: "raw-client", wait: 0 }),
      }).then((response) => "read " + response.status, () => "refused")`,
    ]),
  ),
  "stream with a token": `fetch(home + "/realtime/stream", {
    method: "POST", credentials: "include", headers: { Authorization: "Bearer of-ada" }, body: "{}",
  }).then((response) => "read " + response.status, () => "refused")`,
  EventSource: `new Promise((resolve) => {
    const source = new EventSource(home + "/realtime/stream?ch=room%2F1", { withCredentials: true });
    source.onopen = () => { source.close(); resolve("open"); };
    source.onerror = () => { source.close(); resolve("refused"); };
  })`,
};

async function tried(page: Page, what: string): Promise<unknown> {
  await page.evaluate(`globalThis.home = ${JSON.stringify(homeUrl)}`);
  return page.evaluate(attempts[what] as string);
}

describe("a page of another site, whose visitor is signed in here", () => {
  it.each(Object.keys(attempts))("gets nothing by %s", async (what) => {
    const page = await context.newPage();
    await page.goto(elsewhereUrl);
    expect(await tried(page, what)).toBe("refused");
    expect(heddle.stats().connections).toBe(0);
    await page.close();
  });

  it("is told apart from the page that was visited: there the same attempts come through", async () => {
    const page = await context.newPage();
    await page.goto(homeUrl);
    expect(await tried(page, "WebSocket")).toBe("open");
    expect(await tried(page, "poll")).toBe("read 401"); // answered, and no cookie counts in a post
    expect(await tried(page, "EventSource")).toBe("open");
    await page.close();
  });

  it("is refused for its origin, not for want of a cookie", async () => {
    const page = await context.newPage();
    await page.goto(elsewhereUrl.replace("localhost", "127.0.0.1")); // another origin of the same site: cookies go along
    for (const what of Object.keys(attempts)) expect([what, await tried(page, what)]).toEqual([what, "refused"]);
    expect(cookiesFromElsewhere).toContain("session=of-ada");
    await page.close();
  });
});
