import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";

let browser: Browser;
const url = inject("playground");

beforeAll(async () => {
  browser = await connect();
});

afterAll(async () => {
  await browser.close();
});

const widths = [390, 1_280];

/** Runs in the page: adds up what moved without anybody having touched anything. */
function watchShifts(): void {
  const moved = { score: 0, what: [] as string[] };
  Object.assign(globalThis, { moved });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as Shift[]) {
      if (entry.hadRecentInput) continue;
      moved.score += entry.value;
      for (const { node } of entry.sources) {
        const { parentElement, textContent } = (node ?? {}) as Partial<Node>;
        moved.what.push(`${parentElement?.outerHTML.slice(0, 60)} ${textContent?.slice(0, 20)}`);
      }
    }
  }).observe({ type: "layout-shift", buffered: true });
}

interface Shift {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: unknown }[];
}

const shiftsOf = (visitor: Visitor): Promise<{ score: number; what: string[] }> =>
  visitor.page.evaluate(() => (globalThis as unknown as { moved: { score: number; what: string[] } }).moved);

async function expectNoSideways(visitor: Visitor): Promise<void> {
  const { scrollWidth, clientWidth } = await visitor.page.evaluate(() => ({
    scrollWidth: document.documentElement.scrollWidth,
    clientWidth: document.documentElement.clientWidth,
  }));
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
  const wide = await visitor.page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((element) => !element.closest(".unseen, .skip-link, svg"))
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
  expect(wide).toEqual([]);
}

/** In both colour schemes. */
async function expectNoSidewaysAnyhow(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    await expectNoSideways(visitor);
  }
}

describe.each(widths)("at %i px", (width) => {
  it("nothing is wider than the page and nothing moves by itself, at the door and in both rooms", async () => {
    const visitor = await Visitor.come(browser, url, { viewport: { width, height: 844 } });
    const { page } = visitor;
    await expectNoSidewaysAnyhow(visitor);
    await page.getByLabel("Your name").fill("Ada");
    await visitor.press("Come in");
    await visitor.isOnline();

    // A reload signs in by itself: what moves now, moves without anybody's doing.
    await page.addInitScript(watchShifts);
    for (const place of ["chat/general", "market"]) {
      await page.goto(`${url}/?${place}#/${place}`);
      await visitor.isOnline();
      if (place === "market") {
        const spared = async (): Promise<number> =>
          Number((await page.getByTestId("spared").textContent())?.replaceAll(",", ""));
        await expect.poll(spared, { timeout: 15_000 }).toBeGreaterThan(500);
      } else await page.getByTestId("people").getByText("Jacquard").waitFor({ state: "attached" });
      const moved = await shiftsOf(visitor);
      expect(moved.what).toEqual([]);
      expect(moved.score).toBeLessThan(0.001);
      await expectNoSidewaysAnyhow(visitor);
    }

    const panel = page.locator("#panel");
    if (!(await panel.isVisible())) await page.getByTestId("state").click();
    await panel.waitFor();
    await expectNoSidewaysAnyhow(visitor);
    await visitor.leave();
  });
});
