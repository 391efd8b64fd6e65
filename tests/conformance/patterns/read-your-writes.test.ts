import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, Line } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

describe("a publish until echo", () => {
  it("resolves when the own subscription has it", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const seen = new Inbox<string>();
    room.on("message", ({ text }) => seen.take(text));
    await room.ready();
    for (let n = 0; n < 20; n++) {
      const { position } = await room.publish("message", { text: `${n}` }, { until: "echo" });
      expect(room.received?.[1]).toBeGreaterThanOrEqual((position as readonly [string, number, number])[1]);
      expect(seen.all.at(-1)).toBe(`${n}`);
    }
  });
});

describe("a client that subscribes and publishes in one breath", () => {
  it("sees its own message", async () => {
    await using chat = await startChat();
    for (const isOnline of [false, true]) {
      await using ada = clientOf(chat, `ada-${isOnline}`);
      if (isOnline) await ada.call("rename", { name: "x" });
      const room = ada.channel("room", { roomId: `${isOnline}` });
      const seen = new Inbox<string>();
      room.on("message", ({ text }) => seen.take(text));
      await room.publish("message", { text: "first words" });
      expect(await seen.next()).toBe("first words");
    }
  });
});

describe("history of at least a position", () => {
  it("holds what was just published", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const { position } = await room.publish("message", { text: "mine" });
    const page = await room.historyPage({ last: 10, min: position });
    expect(page.entries.at(-1)).toMatchObject({ payload: { text: "mine" }, meta: { position } });
  });
});

describe("a publish whose line is lost", () => {
  it("is stored once, in order, whatever happened to the answers", async () => {
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada");
    const room = ada.channel("room", { roomId: "1" });
    await room.publish("message", { text: "0" });
    const publishing: Promise<unknown>[] = [];
    for (let n = 1; n <= 60; n++) {
      publishing.push(room.publish("message", { text: `${n}` }));
      if (n % 20 !== 10) continue;
      await new Promise((resolve) => setImmediate(resolve)); // let some of it leave
      line.cut();
      line.mend();
    }
    await Promise.all(publishing);
    const { events } = await chat.server.channel("room").history({ roomId: "1" }, { last: 100 });
    expect(events.map(({ payload }) => (payload as { text: string }).text)).toEqual(
      Array.from({ length: 61 }, (_, n) => `${n}`),
    );
    expect(ada.stats.connects).toBeGreaterThan(1);
  });

  it("by the server is stored once under its idempotency key", async () => {
    await using chat = await startChat();
    const room = chat.server.channel("room");
    const publish = (text: string) => room.publish({ roomId: "1" }, "message", { text }, { idempotencyKey: "order-7" });
    const first = await publish("paid");
    expect(await publish("paid")).toEqual({ position: first.position, duplicate: true });
    await expect(publish("other")).rejects.toMatchObject({ code: "idReused" });
    expect((await room.history({ roomId: "1" }, { last: 10 })).events).toHaveLength(1);
    const wrong = { idempotencyKey: "k".repeat(129) };
    await expect(room.publish({ roomId: "1" }, "message", { text: "x" }, wrong)).rejects.toThrow(
      /^publish\.idempotencyKey: /,
    );
  });
});
