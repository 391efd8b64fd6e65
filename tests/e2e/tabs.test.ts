import { createServer } from "@heddle/server";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import { readPage, servePage, type ServedPage } from "./support/served-page.ts";
import type { TabsPage } from "./support/tabs-page.ts";
import { words } from "./support/words.ts";

const heddle = createServer({ contract: words, auth: (token) => ({ user: token ?? "" }) });
const room = heddle.channel("room");
let served: ServedPage;
let browser: Browser;

beforeAll(async () => {
  served = await servePage("tabs-page.ts", heddle);
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
  await heddle.close();
  await served[Symbol.asyncDispose]();
});

const of = <T>(page: Page, read: (its: TabsPage) => T): Promise<Awaited<T>> => readPage(page, read);
const waits = { timeout: 20_000 };

async function openOnline(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(served.url);
  await expect.poll(() => of(page, (its) => its.state()), waits).toBe("online");
  return page;
}

describe("tabs of one browser", () => {
  it("thirty of them have one socket; when the one that leads is killed, nothing is lost and nothing comes twice", async () => {
    const context = await browser.newContext();
    const first = await openOnline(context);
    const pages = [first];
    while (pages.length < 30) pages.push(await openOnline(context));
    expect(heddle.stats().connections).toBe(1);

    const said: string[] = [];
    const stop = new AbortController();
    const speaking = (async () => {
      for (let number = 0; !stop.signal.aborted; number++) {
        said.push(`server ${number}`);
        await room.publish({ roomId: "1" }, "said", `server ${number}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const others = pages.slice(1);
    const own = others.map((_, index) => `tab ${index}`);
    await Promise.all(others.slice(0, 15).map((page, index) => page.evaluate(`page.say("tab ${index}")`)));
    await Promise.all([
      first.close(),
      ...others.slice(15).map((page, index) => page.evaluate(`page.say("tab ${index + 15}")`)),
    ]);
    for (const page of others)
      await expect.poll(() => of(page, (its) => [its.connects() > 1, its.state()]), waits).toEqual([true, "online"]);
    stop.abort();

    await speaking;

    const all = [...said, ...own].sort();
    const [reference] = others as [Page];
    await expect.poll(() => of(reference, (its) => its.heard.length), waits).toBe(all.length);
    const order = await of(reference, (its) => its.heard);
    expect([...order].sort()).toEqual(all);
    for (const page of others) {
      await expect.poll(() => of(page, (its) => [its.gaps, its.heard.length]), waits).toEqual([[], all.length]);
      expect(await of(page, (its) => its.heard)).toEqual(order);
    }
    expect(heddle.stats().connections).toBe(1);
    await context.close();
  }, 180_000);
});
