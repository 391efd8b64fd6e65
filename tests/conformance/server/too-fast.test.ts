import { createClient } from "@heddle/client";
import { describe, expect, it } from "vitest";
import { startChat, type chat } from "../support/chat.ts";
import { RawClient } from "../support/raw-client.ts";

const limits = { framesPerSecond: 100, framesBurst: 50 };

describe("a publisher at twice the limit", () => {
  it("gets a typed error with a time for each one too many, keeps its connection, and nobody else notices", async () => {
    await using running = await startChat({ limits });
    const url = `${running.url}/realtime`;
    await using fast = await RawClient.greet(url, { k: "fast" });
    await using calm = await RawClient.greet(url, { k: "calm" });
    for (let n = 1; n <= 100; n++)
      fast.say({ t: "pub", r: n, ch: "room/1", e: "message", n, pn: 0, d: { text: `${n}` } });
    calm.say({ t: "pub", r: 1, ch: "room/1", e: "message", n: 1, pn: 0, d: { text: "calm" } });
    expect(await calm.answer(1)).toMatchObject({ t: "ok" });
    const answers = [];
    for (let r = 1; r <= 100; r++) answers.push(await fast.answer(r));
    const refused = answers.filter(({ t }) => t === "err");
    expect(refused.length).toBeGreaterThan(0);
    for (const { code, ms } of refused) {
      expect([429, 103]).toContain(code); // 103: more than `pw` are open
      expect(ms).toBeGreaterThan(0);
    }
    fast.say({ t: "ping" });
    expect(await fast.next("pong")).toEqual({ t: "pong" });
  });

  it("that uses the client has everything accepted once and in order, at the pace the server takes", async () => {
    await using running = await startChat({ limits });
    await using client = createClient<typeof chat>({
      url: `${running.url.replace("http", "ws")}/realtime`,
      token: () => "u1",
    });
    const room = client.channel("room", { roomId: "1" });
    const got: string[] = [];
    room.on("message", ({ text }) => void got.push(text));
    await room.ready();
    const texts = Array.from({ length: 200 }, (_, n) => `${n}`);
    await Promise.all(texts.map((text) => room.publish("message", { text }, { until: "echo" })));
    expect(got).toEqual(texts);
    expect(client.stats.connects).toBe(1);
    const { rateRefusals, floods } = running.server.stats().counters ?? { rateRefusals: -1, floods: -1 };
    expect(rateRefusals).toBeGreaterThan(0);
    expect(rateRefusals).toBeLessThan(texts.length);
    expect(floods).toBe(0);
  });
});
