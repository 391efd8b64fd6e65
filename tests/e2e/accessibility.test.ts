import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { desktop, connect, Visitor, type Look } from "./support/browser.ts";

let browser: Browser;
const url = inject("playground");

beforeAll(async () => {
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
});

/** Rows that are built like those before them: looking at each of a hundred costs seconds and finds nothing new. */
const alike = ["tbody tr:nth-child(n + 7)", ".frames li:nth-child(n + 7)"];

/** What axe-core finds, of every weight. */
async function findings(visitor: Visitor): Promise<string[]> {
  await visitor.page.evaluate(axe.source);
  const results = await visitor.page.evaluate((exclude) => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    return inPage.run({ exclude }, { resultTypes: ["violations"] });
  }, alike);
  return results.violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}

const looks: readonly (readonly [name: string, look: Look])[] = [
  ["light and wide", desktop],
  ["dark and narrow", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
];

describe.each(looks)("%s", (_, look) => {
  it("has no finding of axe-core at the door, in the chat, in the panel, without a connection, and in the market", async () => {
    const visitor = await Visitor.come(browser, url, look);
    const { page } = visitor;
    expect(await findings(visitor)).toEqual([]);
    await page.getByLabel("Your name").fill("Ada");
    await visitor.press("Come in");
    await visitor.isOnline();
    await visitor.say("x: hello");
    await visitor.hasDelivered(["seen"]);
    await page.getByTestId("people").getByText("Jacquard").waitFor({ state: "attached" });
    expect(await findings(visitor)).toEqual([]);

    if (!(await page.locator("#panel").isVisible())) await page.getByTestId("state").click();
    await visitor.press("Cut the network");
    await visitor.isAway();
    expect(await findings(visitor)).toEqual([]);
    await visitor.press("Mend the network");
    await page.getByRole("button", { name: "Close", exact: true }).click();

    await visitor.goTo("market");
    await page.locator("td.price", { hasText: /\d/ }).first().waitFor();
    await visitor.press("Send it twice");
    await page.getByText("sent twice, filled once").waitFor();
    expect(await findings(visitor)).toEqual([]);
    await visitor.leave();
  });
});

describe("with the keyboard alone", () => {
  it("one can sign in, talk, change rooms, open the panel, break the network and trade", async () => {
    const visitor = await Visitor.come(browser, url);
    const { page } = visitor;
    const { keyboard } = page;
    /** Goes on with Tab until the wanted thing has the focus, as a person would. */
    const tabTo = async (name: string | RegExp, key = "Tab"): Promise<void> => {
      const isThere = (text: string): boolean => (typeof name === "string" ? text === name : name.test(text));
      for (let steps = 0; steps < 60; steps++) {
        await keyboard.press(key);
        const text = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement | null;
          const label = (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
          return (label ?? element?.getAttribute("aria-label") ?? element?.innerText ?? "")
            .replaceAll(/\s+/g, " ")
            .trim();
        });
        if (isThere(text)) return;
      }
      throw new Error(`${String(name)} cannot be reached with ${key}`);
    };

    await tabTo("Your name");
    await keyboard.type("Ada");
    await keyboard.press("Enter");
    await visitor.isOnline();

    await tabTo(/weaving/);
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "weaving" }).waitFor();
    await tabTo(/^Message to weaving/);
    await keyboard.type("x: typed");
    await keyboard.press("Enter");
    await visitor.hasDelivered(["seen"]);

    await tabTo("Kill the socket");
    const connects = await visitor.stat("connects");
    await keyboard.press("Space");
    await expect.poll(() => visitor.stat("connects"), { timeout: 15_000 }).toBeGreaterThan(connects);
    await keyboard.press("Escape");
    await expect.poll(() => page.locator("#panel").isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("panel-button");

    await tabTo("Market", "Shift+Tab");
    await keyboard.press("Enter");
    await tabTo("Send it twice");
    await keyboard.press("Enter");
    await page.getByText("sent twice, filled once").waitFor();
    await visitor.leave();
  });
});
