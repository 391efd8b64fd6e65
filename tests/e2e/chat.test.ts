import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";
import { Program } from "./support/program.ts";

let browser: Browser;
const url = inject("playground");
let ada: Visitor;
let ben: Visitor;
let roomCount = 0;

beforeAll(async () => {
  browser = await connect();
  [ada, ben] = await Promise.all([Visitor.enter(browser, url, "Ada L"), Visitor.enter(browser, url, "Ben")]);
});

afterAll(async () => {
  await Promise.all([ada.leave(), ben.leave()]);
  await browser.close();
});

/** Each test has a room of its own. */
beforeEach(async () => {
  const place = `chat/room-${++roomCount}`;
  await Promise.all([ada.goTo(place), ben.goTo(place)]);
});

describe("two pages in one room", () => {
  it("see each other, each other's typing and each other's messages", async () => {
    await expect.poll(() => ada.page.getByTestId("people").innerText()).toMatch(/Ada L\s+you\s+[\s\S]*Ben/);
    await ben.page.getByLabel(/^Message to/).pressSequentially("x: hel");
    await expect.poll(() => ada.page.getByTestId("typists").textContent()).toBe("Ben is typing…");
    await ben.say("x: hello");
    await ada.hasSaid("x:", ["x: hello"]);
    await expect.poll(() => ada.page.getByTestId("typists").textContent()).toBe("");
    await ada.say("x: hello yourself");
    await ben.hasSaid("x:", ["x: hello", "x: hello yourself"]);
    await ada.hasDelivered(["seen"]);
    expect(await ada.page.getByTestId("announcer").textContent()).toBe("Ben: x: hello");
  });

  it("get what was written without a network once and in order when it is back", async () => {
    await ada.say("x: before");
    await ben.hasSaid("x:", ["x: before"]);
    await ada.press("Cut the network");
    await ada.isAway();
    await ben.say("x: b1", "x: b2");
    await ada.say("x: a1", "x: a2", "x: a3");
    await ada.hasDelivered(["seen", "queued", "queued", "queued"]);
    await ben.hasDelivered(["seen", "seen"]);
    await ada.press("Mend the network");
    await ada.page.locator("[data-banner=back]").waitFor();
    const all = ["x: before", "x: b1", "x: b2", "x: a1", "x: a2", "x: a3"];
    await Promise.all([ada.hasSaid("x:", all), ben.hasSaid("x:", all)]);
    await ada.hasDelivered(["seen", "seen", "seen", "seen"]);
    expect(await ada.page.getByTestId("banner").innerText()).toContain("nothing lost, nothing twice");
    expect(await ada.gapCount()).toBe(0);
  });

  it("miss nothing when the socket is killed while others talk", async () => {
    await ben.say("x: 1");
    await ada.hasSaid("x:", ["x: 1"]);
    const resumes = await ada.stat("resumes");
    await ada.press("Kill the socket");
    await ben.say("x: 2", "x: 3");
    await ada.hasSaid("x:", ["x: 1", "x: 2", "x: 3"]);
    await expect.poll(() => ada.stat("resumes")).toBeGreaterThan(resumes);
    expect(await ada.gapCount()).toBe(0);
  });
});

describe("a frozen page", () => {
  it("catches up, in order, and holds up nobody", async () => {
    await ada.press("Freeze the reader");
    const texts = Array.from({ length: 8 }, (_, index) => `x: while frozen ${index}`);
    await ben.say(...texts);
    await ben.hasDelivered(texts.map(() => "seen"));
    expect(await ada.said("x:")).toEqual([]);
    await ada.press("Thaw the reader");
    await ada.hasSaid("x:", texts);
    expect(await ada.gapCount()).toBe(0);
  });

  it("catches up when it was the browser that froze it", async () => {
    const devtools = await ada.page.context().newCDPSession(ada.page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    const texts = ["x: in your sleep 1", "x: in your sleep 2", "x: in your sleep 3"];
    await ben.say(...texts);
    await ben.hasDelivered(texts.map(() => "seen"));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await ada.hasSaid("x:", texts);
    expect(await ada.gapCount()).toBe(0);
  });
});

describe("the past", () => {
  it("is loaded by scrolling up, without a hole or a repetition, to its beginning", async () => {
    const place = `room-${roomCount}-past`;
    const texts = Array.from({ length: 130 }, (_, index) => `x: line ${index}`);
    const writer = await Program.join(url, "Writer");
    for (const text of texts) await writer.client.channel("room", { room: place }).publish("message", { text });
    await writer.client.close();
    await ada.goTo(`chat/${place}`);
    await ada.hasSaid("x:", texts.slice(-40));
    const timeline = ada.page.getByTestId("timeline");
    await expect
      .poll(async () => {
        await timeline.evaluate((box) => (box.scrollTop = 0));
        return (await ada.said("x:")).length;
      })
      .toBe(texts.length);
    await ada.hasSaid("x:", texts);
    await ada.page.getByText("begins here").waitFor();
    // What is added above leaves the reader where they were.
    expect(await timeline.evaluate((box) => box.scrollHeight > 2 * box.clientHeight)).toBe(true);
  });
});
