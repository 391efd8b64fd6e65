import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";
import { Program } from "./support/program.ts";
import { Playground } from "./support/server.ts";

let browser: Browser;
let playground: Playground;

beforeAll(async () => {
  [browser, playground] = await Promise.all([connect(), Playground.start()]);
});

afterAll(async () => {
  await browser.close();
  await playground[Symbol.asyncDispose]();
});

describe("a server that is killed and started again", () => {
  it("is resumed by a program without a gap, and takes once what was published meanwhile", async () => {
    const { client } = await Program.join(playground.url, "Weaver");
    const room = client.channel("room", { room: "shuttles" }, { at: { last: 10 } });
    const [texts, gaps] = [[] as string[], [] as string[]];
    room.on("message", ({ text }) => void texts.push(text));
    room.onGap(({ why }) => void gaps.push(why));
    await room.ready();
    await room.publish("message", { text: "before the crash" });
    await playground.crash();
    const meanwhile = room.publish("message", { text: "while it was down" });
    await playground.startAgain();
    client.probe();
    await meanwhile;
    await expect.poll(() => texts).toEqual(["before the crash", "while it was down"]);
    expect(gaps).toEqual([]);
    await client.close();
  });

  it("goes on where it stopped: no gap, nothing lost, nothing twice, and the past is still there", async () => {
    const place = "chat/warps";
    const [ada, ben] = await Promise.all([
      Visitor.enter(browser, playground.url, "Ada L", place),
      Visitor.enter(browser, playground.url, "Ben", place),
    ]);
    await ada.say("y: before the crash");
    await ben.hasSaid("y:", ["y: before the crash"]);
    await playground.crash();
    await Promise.all([ada.isAway(), ben.isAway()]);
    await ada.say("y: while it was down");

    await playground.startAgain();
    await Promise.all([ada.hurry(), ben.hurry()]);
    const talk = ["y: before the crash", "y: while it was down"];
    await Promise.all([ada.hasSaid("y:", talk), ben.hasSaid("y:", talk)]);
    await ada.hasDelivered(["seen", "seen"]);
    const banner = ada.page.locator("[data-banner=back]");
    await banner.waitFor();
    expect(await banner.innerText()).toMatch(/nothing lost, nothing twice/);
    expect(await Promise.all([ada.gapCount(), ben.gapCount()])).toEqual([0, 0]);

    const cleo = await Visitor.enter(browser, playground.url, "Cleo", place);
    await cleo.hasSaid("y:", talk);
    await Promise.all([ada.leave(), ben.leave(), cleo.leave()]);
  });

  it("is told where its log was lost, with the cause, and the talk goes on in a room somebody had opened", async () => {
    const place = "chat/looms";
    const [ada, ben] = await Promise.all([
      Visitor.enter(browser, playground.url, "Ada L", place),
      Visitor.enter(browser, playground.url, "Ben", place),
    ]);
    await ada.say("x: before the crash");
    await ben.hasSaid("x:", ["x: before the crash"]);
    await ada.hasDelivered(["seen"]);

    await playground.crash();
    await Promise.all([ada.isAway(), ben.isAway()]);
    await ada.say("x: while it was down");
    await ada.hasDelivered(["seen", "queued"]);
    await playground.loseLog();
    await expect.poll(() => ada.page.getByTestId("banner").innerText()).toMatch(/1 message of yours waits here/);

    await playground.startAgain();
    await Promise.all([ada.hurry(), ben.hurry()]);
    const talk = ["x: before the crash", "x: while it was down"];
    await Promise.all([ada.hasSaid("x:", talk), ben.hasSaid("x:", talk)]);
    await ada.hasDelivered(["seen", "seen"]);

    const banner = ada.page.locator("[data-banner=back]");
    await banner.waitFor();
    expect(await banner.innerText()).toMatch(/restarted and lost its log/);
    // One line, between what is kept on the screen and what the new log holds.
    for (const visitor of [ada, ben]) {
      const kinds = await visitor.page
        .locator("[data-testid=line], [data-testid=gap]")
        .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset["why"] ?? "line"));
      expect(kinds).toEqual(["line", "epoch", "line"]);
    }
    expect(await ada.page.getByTestId("gap").innerText()).toMatch(/lost its log\. .*kept on your screen only/);
    expect(await ada.page.getByTestId("gap").innerText()).toMatch(/1 message you sent meanwhile goes into the log/);

    await ben.say("x: and on it goes");
    await ada.hasSaid("x:", [...talk, "x: and on it goes"]);
    // The key survived: the same people, without signing in again.
    expect(await ada.page.locator(".line.mine").count()).toBe(2);
    await ada.page.getByRole("link", { name: "looms" }).waitFor();
    await Promise.all([ada.leave(), ben.leave()]);
  });
});
