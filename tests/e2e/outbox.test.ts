import { createServer } from "@heddle/server";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import type { OutboxPage } from "./support/outbox-page.ts";
import { readPage, servePage, type ServedPage } from "./support/served-page.ts";
import { words } from "./support/words.ts";

const heddle = createServer({ contract: words, auth: (token) => ({ user: token ?? "" }) });
let served: ServedPage;
let browser: Browser;
let url = "";

beforeAll(async () => {
  served = await servePage("outbox-page.ts", heddle);
  url = served.url;
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
  await heddle.close();
  await served[Symbol.asyncDispose]();
});

const of = <T>(page: Page, read: (its: OutboxPage) => T): Promise<Awaited<T>> => readPage(page, read);

/** A socket of the page that never opens: what a page without a network has, while the page itself can be loaded. */
const unplug = (page: Page): Promise<void> => page.routeWebSocket(/realtime/, (socket) => void socket.close());

describe("an outbox in a browser", () => {
  it("sends from the next page what an earlier one published without a network, once", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await unplug(page);
    await page.goto(url);
    await of(page, (its) => its.say("while away"));
    expect(await of(page, (its) => its.warnings)).toEqual([]);
    await page.close();

    const again = await context.newPage();
    await again.goto(url);
    await expect.poll(() => of(again, (its) => its.settled), { timeout: 10_000 }).toEqual(["accepted"]);
    await of(again, (its) => its.say("and back"));
    await expect.poll(() => of(again, (its) => its.heard.at(-1)), { timeout: 10_000 }).toBe("and back");
    const stored = await heddle.channel("room").history({ roomId: "1" }, { last: 10 });
    expect(stored.events.map(({ payload }) => payload)).toEqual(["while away", "and back"]);
    await context.close();
  });

  it("goes on in the next page behind what was handled, and leaves a second tab to its memory", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await of(page, (its) => its.say("first"));
    await expect.poll(() => of(page, (its) => its.heard), { timeout: 10_000 }).toContain("first");
    await of(page, (its) => its.outbox.flush());

    const second = await context.newPage();
    await second.goto(url);
    expect(await of(second, (its) => [its.warnings, its.outbox.isKept])).toEqual([["locked"], false]);
    await page.close();

    await heddle.channel("room").publish({ roomId: "1" }, "said", "meanwhile");
    const again = await context.newPage();
    await again.goto(url);
    await expect.poll(() => of(again, (its) => its.heard), { timeout: 10_000 }).toEqual(["meanwhile"]);
    expect(await of(again, (its) => its.outbox.isKept)).toBe(true);
    await context.close();
  });
});
