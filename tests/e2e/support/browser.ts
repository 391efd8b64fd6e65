// A real Chromium, and visitors in it: each in a context of their own, so that each is another person.

import { chromium, type Browser, type BrowserContextOptions, type BrowserServer, type Page } from "playwright-core";
import { expect, inject } from "vitest";

const executablePath = "/usr/bin/chromium";
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const waitMs = 15_000;

export const launchServer = (): Promise<BrowserServer> => chromium.launchServer({ executablePath, args });

/** The browser all files share; closing it ends what this file opened in it. */
export const connect = (): Promise<Browser> => chromium.connect(inject("browser"));

export type Look = Pick<BrowserContextOptions, "viewport" | "colorScheme" | "reducedMotion">;

export const desktop: Look = { viewport: { width: 1_280, height: 800 }, colorScheme: "light" };

/** Somebody at the playground, and what can be seen over their shoulder. */
export class Visitor {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      // A server that is down is no fault of the page.
      if (message.type() === "error" && !/ERR_CONNECTION|WebSocket connection|Failed to load/.test(message.text()))
        this.complaints.push(message.text());
    });
  }

  /** Opens the page at the door. */
  static async come(browser: Browser, url: string, look: Look = desktop): Promise<Visitor> {
    const context = await browser.newContext(look);
    context.setDefaultTimeout(waitMs);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  /** …and signs in, into the given room. */
  static async enter(
    browser: Browser,
    url: string,
    name: string,
    place = "chat/weaving",
    look = desktop,
  ): Promise<Visitor> {
    const visitor = await Visitor.come(browser, `${url}/#/${place}`, look);
    await visitor.page.getByLabel("Your name").fill(name);
    await visitor.page.getByRole("button", { name: "Come in" }).click();
    await visitor.isOnline();
    return visitor;
  }

  /** By the address, as a bookmark would. */
  async goTo(place: string): Promise<void> {
    await this.page.evaluate((hash) => void (location.hash = hash), `#/${place}`);
    const name = place.startsWith("chat/") ? place.slice("chat/".length) : "Market";
    await this.page.getByRole("heading", { level: 1, name }).waitFor();
  }

  async isOnline(): Promise<void> {
    await this.page.locator("[data-testid=state][data-state=online]").waitFor();
  }

  /** Does not wait for the next attempt. */
  async hurry(): Promise<void> {
    await this.page.evaluate(() => document.querySelector<HTMLButtonElement>("[data-banner=away] button")?.click());
    await this.isOnline();
  }

  async isAway(): Promise<void> {
    await this.page.locator("[data-testid=banner][data-banner=away]").waitFor();
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async say(...texts: readonly string[]): Promise<void> {
    const field = this.page.getByLabel(/^Message to/);
    for (const text of texts) {
      await field.fill(text);
      await field.press("Enter");
    }
  }

  /** The texts of the timeline that begin with `prefix`, in order. */
  said(prefix: string): Promise<string[]> {
    return this.page
      .getByTestId("text")
      .allTextContents()
      .then((texts) => texts.filter((text) => text.startsWith(prefix)));
  }

  /** Waits until exactly these texts with `prefix` are there, in this order. */
  async hasSaid(prefix: string, texts: readonly string[]): Promise<void> {
    await expect.poll(() => this.said(prefix), { timeout: waitMs }).toEqual(texts);
  }

  /** How far own messages are, oldest first. */
  deliveries(): Promise<(string | null)[]> {
    return this.page
      .locator("[data-state].delivery")
      .evaluateAll((marks) => marks.map((mark) => mark.getAttribute("data-state")));
  }

  async hasDelivered(states: readonly string[]): Promise<void> {
    await expect.poll(() => this.deliveries(), { timeout: waitMs }).toEqual(states);
  }

  gapCount(): Promise<number> {
    return this.page.getByTestId("gap").count();
  }

  /** A number of the panel. */
  async stat(id: string): Promise<number> {
    return Number.parseInt((await this.page.getByTestId(`stat-${id}`).textContent()) ?? "", 10);
  }

  async leave(): Promise<void> {
    await this.page.context().close();
    expect(this.complaints).toEqual([]);
  }
}
