// Clients of other people at our server.

import { chromium, type Browser, type BrowserServer } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchServer } from "../e2e/support/browser.ts";
import { converse } from "./peers/web-dialogue.ts";
import { clientClose, goodReport, serverClose, type Report } from "./support/dialogue.ts";
import { startOurServer, type OurServer } from "./support/our-server.ts";
import { PeerProcess, peers, type Peer } from "./support/peer.ts";

interface Client {
  readonly name: string;
  readonly peer: Peer;
  /** What its interface has no way to do. */
  readonly cannot?: readonly (keyof Report)[];
  /** The code of its close frame when ours said 4002; most repeat it. */
  readonly repliesWith?: number;
}

const clients: readonly Client[] = [
  { name: peers.ws.name, peer: peers.ws },
  { name: peers.undici.name, peer: peers.undici, cannot: ["fragments", "pong"] },
  { name: peers.websockets.name, peer: peers.websockets },
  { name: peers.aiohttp.name, peer: peers.aiohttp, cannot: ["fragments"], repliesWith: 1000 },
];

/** What a client reports when all went well. */
function wantedOf(cannot: readonly (keyof Report)[], isCompressing: boolean): Partial<Report> {
  const entries = Object.entries(goodReport(isCompressing)) as [keyof Report, unknown][];
  return Object.fromEntries(entries.filter(([step]) => !cannot.includes(step)));
}

/** How our server must have seen the two connections of a client end; a reason need not be repeated. */
async function expectEndings(server: OurServer, repliesWith: number = serverClose.code): Promise<void> {
  await expect.poll(() => server.endings.length, { timeout: 5_000 }).toBe(2);
  const [first, second] = server.endings;
  expect(first).toEqual([clientClose.code, clientClose.reason, true]);
  expect([second?.[0], second?.[2]]).toEqual([repliesWith, true]);
}

let launched: BrowserServer;
let browser: Browser;
beforeAll(async () => {
  launched = await launchServer();
  browser = await chromium.connect(launched.wsEndpoint());
});
afterAll(async () => {
  await launched.close();
});

describe.each([
  ["without compression", false],
  ["with compression", true],
])("our server, %s,", (_how, isCompressing) => {
  it.each(clients)("gets on with $name", async ({ peer, cannot = [], repliesWith }) => {
    await using server = await startOurServer(isCompressing);
    await using client = new PeerProcess(peer, "client", server.url);
    expect(await client.next()).toEqual(wantedOf(cannot, isCompressing));
    await expectEndings(server, repliesWith);
  });

  it("gets on with Chromium", async () => {
    await using server = await startOurServer(isCompressing);
    const page = await browser.newPage();
    await page.goto(server.url.replace("ws:", "http:"));
    expect(await page.evaluate(converse, server.url)).toEqual(wantedOf(["fragments", "pong"], isCompressing));
    await page.close();
    await expectEndings(server);
  });
});
