import { createServer } from "@heddle/server";
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import type { DevicePage } from "./support/device-page.ts";
import { readPage, servePage, type ServedPage } from "./support/served-page.ts";
import { words } from "./support/words.ts";

const heddle = createServer({ contract: words, auth: (token) => ({ user: token ?? "" }) });
const room = heddle.channel("room");
let served: ServedPage;
let browser: Browser;

beforeAll(async () => {
  served = await servePage("device-page.ts", heddle);
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
  await heddle.close();
  await served[Symbol.asyncDispose]();
});

const of = <T>(page: Page, read: (its: DevicePage) => T): Promise<Awaited<T>> => readPage(page, read);
const say = (text: string) => room.publish({ roomId: "1" }, "said", text);
const hears = async (page: Page, text: string): Promise<void> => {
  await expect.poll(() => of(page, (its) => its.heard.at(-1)), { timeout: 10_000 }).toBe(text);
};

/** Says it again, and what the page has heard: it may not follow yet. */
const heard = async (page: Page, text: string): Promise<readonly string[]> => {
  await say(text);
  return of(page, (its) => its.heard);
};

/** A page that has heard something, and the browser's levers on it. */
async function opened(): Promise<{ page: Page; cdp: CDPSession }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(served.url);
  await expect.poll(() => of(page, (its) => its.states), { timeout: 10_000 }).toContain("online");
  await say("first");
  await hears(page, "first");
  return { page, cdp: await context.newCDPSession(page) };
}

const offline = (cdp: CDPSession, is: boolean) =>
  cdp.send("Network.emulateNetworkConditions", {
    offline: is,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });

describe("a page in a browser", () => {
  it("that is frozen and made active again hears what it missed, over the connection it had", async () => {
    const { page, cdp } = await opened();
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await say("while frozen");
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await hears(page, "while frozen");
    expect(await of(page, (its) => [its.heard, its.connects()])).toEqual([["first", "while frozen"], 1]);
    await page.context().close();
  });

  it("that was offline is back at once when the network is, with what it missed once", async () => {
    const { page, cdp } = await opened();
    await cdp.send("Network.enable");
    await offline(cdp, true);
    await expect.poll(() => page.evaluate("navigator.onLine")).toBe(false);
    for (const socket of served.sockets) socket.destroy();
    await expect.poll(() => of(page, (its) => its.states.at(-1)), { timeout: 10_000 }).not.toBe("online");
    await say("while offline");
    await offline(cdp, false);
    await hears(page, "while offline");
    expect(await of(page, (its) => its.heard)).toEqual(["first", "while offline"]);
    await page.context().close();
  });

  it("that no WebSocket gets out of is served over HTTP, says so, and begins with that the next time", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(`WebSocket = class {
      constructor() { globalThis.dialled = true; setTimeout(() => this.onclose({ code: 1006, reason: "blocked" }), 5); }
      send() {} close() {}
    }`);
    await page.goto(served.url);
    await expect.poll(() => of(page, (its) => its.states), { timeout: 10_000 }).toContain("online");
    expect(await of(page, (its) => its.transport())).toEqual(["stream", "blocked"]);
    await expect.poll(() => heard(page, "over http"), { timeout: 10_000 }).toContain("over http");
    await page.reload();
    await expect.poll(() => of(page, (its) => its.states), { timeout: 10_000 }).toContain("online");
    expect(await page.evaluate("globalThis.dialled")).toBeUndefined();
    expect((await of(page, (its) => its.transport()))[0]).toBe("stream");
    await context.close();
  });

  it("that the browser keeps for the way back has no connection, and follows on when it returns", async () => {
    const { page } = await opened();
    // The levers above keep the browser from keeping pages, so the page is told what it would be told.
    const turn = (name: string): Promise<unknown> =>
      page.evaluate(`dispatchEvent(new PageTransitionEvent("${name}", { persisted: true }))`);
    await turn("pagehide");
    await expect.poll(() => of(page, (its) => its.states.at(-1)), { timeout: 10_000 }).toBe("waiting");
    await say("while away");
    await turn("pageshow");
    await hears(page, "while away");
    expect(await of(page, (its) => [its.heard, its.connects()])).toEqual([["first", "while away"], 2]);
    await page.context().close();
  });
});
