import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";

let browser: Browser;
const url = inject("playground");
let ada: Visitor;
let ben: Visitor;

beforeAll(async () => {
  browser = await connect();
  [ada, ben] = await Promise.all([
    Visitor.enter(browser, url, "Ada", "market"),
    Visitor.enter(browser, url, "Ben", "market"),
  ]);
});

afterAll(async () => {
  await Promise.all([ada.leave(), ben.leave()]);
  await browser.close();
});

const numberOf = async (locator: Locator): Promise<number> =>
  Number.parseFloat(((await locator.textContent()) ?? "").replaceAll(",", ""));
const waits = { timeout: 15_000 };
/** Messages a second that arrive. */
const shownRate = (visitor: Visitor): Promise<number> => numberOf(visitor.page.getByTestId("shown-rate"));
const tickRate = (visitor: Visitor): Promise<number> => numberOf(visitor.page.getByTestId("tick-rate"));
const spared = (visitor: Visitor): Promise<number> => numberOf(visitor.page.getByTestId("spared"));

describe("the prices", () => {
  it("all come, fewer than were made, and at the pace that was chosen", async () => {
    await expect.poll(() => ada.page.locator("td.price", { hasText: /\d/ }).count(), waits).toBe(100);
    await expect.poll(async () => (await tickRate(ada)) - (await shownRate(ada)), waits).toBeGreaterThan(0);
    await expect.poll(() => spared(ada), waits).toBeGreaterThan(100);
    // A hundred symbols once a second; a window of measuring may catch one beat more.
    await ada.page.getByRole("radio", { name: "1 a second" }).check();
    await expect.poll(() => shownRate(ada), waits).toBeLessThan(130);
    await expect.poll(() => shownRate(ada), waits).toBeGreaterThan(0);
    await ada.page.getByRole("radio", { name: "5 a second" }).check();
    await expect.poll(() => shownRate(ada), waits).toBeGreaterThan(130);
  });

  it("keep coming for one viewer while another's reader is frozen, who then gets the newest without a gap", async () => {
    await expect.poll(() => shownRate(ben), waits).toBeGreaterThan(130);
    await ada.press("Freeze the reader");
    await expect.poll(() => shownRate(ada), waits).toBe(0);
    await expect.poll(() => shownRate(ben), waits).toBeGreaterThan(130);
    await ada.press("Thaw the reader");
    await expect.poll(() => shownRate(ada), waits).toBeGreaterThan(130);
    expect(await ada.stat("gaps")).toBe(0);
  });
});

describe("an order", () => {
  it("sent twice is answered twice and filled once", async () => {
    await ada.press("Send it twice");
    const order = ada.page.getByTestId("order").first();
    await expect.poll(() => order.getAttribute("data-answered"), waits).toBe("2");
    await expect.poll(() => order.getAttribute("data-fills"), waits).toBe("1");
    await ada.page.getByText("sent twice, filled once").waitFor();
  });

  it("whose socket dies before the answer is filled once, and answered over the next connection", async () => {
    const connects = await ben.stat("connects");
    await ben.press("Send it, kill the socket");
    const order = ben.page.getByTestId("order").first();
    await expect.poll(() => order.getAttribute("data-answered"), waits).toBe("1");
    await expect.poll(() => order.getAttribute("data-fills"), waits).toBe("1");
    await expect.poll(() => ben.stat("connects"), waits).toBeGreaterThan(connects);
  });
});
