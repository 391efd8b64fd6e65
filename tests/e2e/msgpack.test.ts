import { messagePackCodec } from "@heddle/protocol/msgpack";
import { createServer } from "@heddle/server";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "./support/browser.ts";
import type { MessagePackPage } from "./support/msgpack-page.ts";
import { readPage, servePage, type ServedPage } from "./support/served-page.ts";
import { sketches } from "./support/sketches.ts";

const auth = (token: string | undefined) => ({ user: token ?? "" });
const heddle = createServer({ contract: sketches, auth, codecs: [messagePackCodec] });
heddle.call("measure", (text) => text.length);
let served: ServedPage;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  served = await servePage("msgpack-page.ts", heddle);
  browser = await connect();
  page = await (await browser.newContext()).newPage();
  await page.goto(served.url);
});

afterAll(async () => {
  await browser.close();
  await heddle.close();
  await served[Symbol.asyncDispose]();
});

const of = <T>(read: (its: MessagePackPage) => T): Promise<Awaited<T>> => readPage(page, read);

describe("a client in a browser that speaks MessagePack", () => {
  it("publishes, receives, calls and reads history in binary frames alone", async () => {
    await of((its) => its.say("grüße ✓ 語"));
    await of((its) => its.draw([0, 127, 128, 255]));
    expect(await of((its) => its.said)).toEqual(["grüße ✓ 語"]);
    expect(await of((its) => its.strokes)).toEqual([[0, 127, 128, 255]]);
    expect(await of((its) => its.history())).toEqual(["said", "stroke"]);
    expect(await of((its) => its.measure("語".repeat(5)))).toBe(5);
    const { events } = await heddle.channel("room").history({ roomId: "1" }, { last: 1 });
    expect(events[0]?.payload).toEqual(Uint8Array.of(0, 127, 128, 255));
    expect(await of((its) => its.kinds())).toEqual(["heddle.v1.mp object"]);
  });

  it("sends what is larger than a frame in pieces", async () => {
    expect(await of((its) => its.measure('é"'.repeat(50_000)))).toBe(100_000);
  });
});
