import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await connect();
});

afterAll(() => browser.close());

/** Chooses a transport and waits until the connection is one. */
async function over(visitor: Visitor, label: string, name: string, why: string): Promise<void> {
  await visitor.page.getByRole("radio", { name: label, exact: true }).check();
  await visitor.page.locator(`[data-testid=transport][data-transport=${name}]`).waitFor();
  expect(await visitor.page.getByTestId("transport").innerText()).toBe(`In use: ${name} (${why})`);
}

describe("the transport of the playground's connection", () => {
  it("can be forced to each there is, says which and why, and the talk goes on with nothing lost or twice", async () => {
    const place = "chat/ladders";
    const url = inject("playground");
    const [ada, ben] = await Promise.all([
      Visitor.enter(browser, url, "Ada L", place),
      Visitor.enter(browser, url, "Ben", place),
    ]);
    const posts: string[] = [];
    ada.page.on("request", (request) => void posts.push(new URL(request.url()).pathname));
    const talk: string[] = [];
    const bothSay = async (way: string): Promise<void> => {
      talk.push(`t: ${way}, from Ada`);
      await ada.say(`t: ${way}, from Ada`);
      await ben.hasSaid("t:", talk);
      talk.push(`t: ${way}, from Ben`);
      await ben.say(`t: ${way}, from Ben`);
      await ada.hasSaid("t:", talk);
    };
    await bothSay("at first");
    await over(ada, "stream", "stream", "chosen here");
    expect(posts).toContain("/realtime/stream");
    await bothSay("stream");
    await over(ada, "poll", "poll", "chosen here");
    expect(posts).toContain("/realtime/poll");
    await bothSay("poll");
    await over(ada, "WebSocket", "websocket", "chosen here");
    await bothSay("websocket");
    await over(ada, "automatic", "websocket", "the first choice works");
    await bothSay("automatic");
    expect(await ada.gapCount()).toBe(0);
    await Promise.all([ada.leave(), ben.leave()]);
  });
});
