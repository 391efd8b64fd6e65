// What users of other systems complained about when somebody is slow or sends too much; the titles name the public issues.

import { createClient } from "@heddle/client";
import { createServer } from "@heddle/server";
import { channel, defineContract } from "@heddle/protocol/contract";
import { wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { startChat } from "../support/chat.ts";
import { clientOf, online } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { RawClient, type RawFrame } from "../support/raw-client.ts";
import { rejectionOf } from "../support/rejection.ts";

const feed = defineContract({
  channels: { feed: channel({ params: {}, events: { item: z.string() }, history: { entries: 5_000 } }) },
});

describe("moscajs/aedes#1060, socketio/engine.io#420: one frozen reader among many", () => {
  it("→ the others have every message before the next is said, and what is kept for it is a window", async () => {
    await using server = createServer({ contract: feed, auth: (token) => (token ? { user: token } : null) });
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    const address = `${url.replace("http", "ws")}/realtime`;
    const readers = Array.from({ length: 20 }, (_, n) =>
      createClient<typeof feed>({ url: address, token: () => `r${n}` }),
    );
    const inboxes = await Promise.all(
      readers.map(async (reader) => {
        const inbox = new Inbox<string>();
        const channel = reader.channel("feed");
        channel.on("item", (item) => inbox.take(item.slice(0, 4)));
        await channel.ready();
        return inbox;
      }),
    );
    await using frozen = await RawClient.greet(address, { k: "frozen", subs: [{ r: 1, ch: "feed", at: "live" }] });
    await frozen.answer(1);
    frozen.socket.pause();

    const count = 300;
    const filler = "x".repeat(8_000); // together more than ten windows
    const names = Array.from({ length: count }, (_, n) => String(n).padStart(4, "0"));
    for (const name of names) {
      await server.channel("feed").publish({}, "item", name + filler);
      for (const inbox of inboxes) expect(await inbox.next()).toBe(name);
    }
    for (const inbox of inboxes) expect(inbox.all).toEqual(names);
    // Only the frozen one was ever behind, and it was not pushed any more from then on.
    expect(server.stats().counters).toMatchObject({ laggings: 1, gaps: { expired: 0, overflow: 0 } });
    frozen.socket.resume();
    await frozen.settled();
    const kept = frozen.frames.slice(1).reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    expect(kept).toBeLessThan(wireLimits.windowCost + 2 * filler.length);
    await Promise.all(readers.map((reader) => reader.close()));
  }, 30_000);
});

describe("socketio/engine.io#706, socketio/socket.io-client#1518: sending twice the limit", () => {
  it("→ a typed error before it is sent, the connection lives, no retry loop: twice the size, by the client", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await online(ada);
    const framesBefore = ada.stats.framesOut;
    const error = await rejectionOf(ada.call("rename", { name: "x".repeat(wireLimits.bigFrameLength) }));
    expect(error).toMatchObject({ code: 303, name: "too_large" });
    expect(await ada.call("rename", { name: "ada" })).toEqual({ name: "ADA" });
    expect(ada.stats.connects).toBe(1);
    expect(ada.stats.framesOut - framesBefore).toBeLessThanOrEqual(3); // the refused one at most once, the good one, a receipt
  });

  it("→ the same answer from the server to whoever sends it all the same", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    raw.say({ t: "call", r: 1, op: "rename", d: { name: "x".repeat(2 * wireLimits.frameBytes) } });
    expect(await raw.answer(1)).toMatchObject({ t: "err", code: 303, name: "too_large" });
    raw.say({ t: "call", r: 2, op: "rename", d: { name: "ada" } });
    expect(await raw.answer(2)).toMatchObject({ t: "ok" });
  });

  it("→ twice the open requests: the excess is answered overloaded with a time to wait, the rest is served", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    const limit = wireLimits.requestWindowCount;
    const calls = Array.from({ length: 2 * limit }, (_, index) => ({ t: "call", r: index + 1, op: "wait", d: {} }));
    raw.say(...calls);
    await raw.settled();
    const refused = raw.frames.filter(({ t }) => t === "err");
    expect(refused.map(({ r }) => r)).toEqual(calls.slice(limit).map(({ r }) => r));
    for (const frame of refused)
      expect(frame).toMatchObject({ code: 103, name: "overloaded", ms: expect.any(Number) as number });
    raw.say({ t: "cancel", r: 1 });
    expect(await raw.answer(1)).toMatchObject({ code: 309 });
    raw.say({ t: "call", r: 1_000, op: "rename", d: { name: "ada" } });
    expect(await raw.answer(1_000)).toMatchObject({ t: "ok" });
  });

  it("→ a client keeps to the limit by itself: each request leaves once, and all are answered", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await online(ada);
    const sent: RawFrame[] = [];
    ada.onFrame((direction, text) => void (direction === "out" && sent.push(JSON.parse(text) as RawFrame)));
    const count = 2 * wireLimits.requestWindowCount;
    const answers = await Promise.all(Array.from({ length: count }, (_, n) => ada.call("rename", { name: `n${n}` })));
    expect(answers.map(({ name }) => name)).toEqual(Array.from({ length: count }, (_, n) => `N${n}`));
    expect(sent.filter(({ t }) => t === "call")).toHaveLength(count);
    expect(ada.stats.connects).toBe(1);
  });
});
