import type { HeddleError } from "@heddle/client";
import { describe, expect, it } from "vitest";
import { startChat, type RunningChat } from "../support/chat.ts";
import { clientOf } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { rejectionOf } from "../support/rejection.ts";

async function publishMany({ server }: RunningChat, count: number, from = 0): Promise<void> {
  const room = server.channel("room");
  for (let n = from; n < from + count; n++) await room.publish({ roomId: "1" }, "message", { text: `${n}` });
}
const texts = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${from + n}`);

describe("history", () => {
  it("pages back from where a subscription began: together they are everything, once", async () => {
    await using chat = await startChat();
    await publishMany(chat, 25);
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const live = new Inbox<string>();
    room.on("message", ({ text }) => live.take(text));
    await room.ready();
    await publishMany(chat, 5, 25);

    const past: string[] = [];
    let before = room.attachedAt;
    for (;;) {
      const page = await room.historyPage({ before, limit: 10 });
      past.unshift(...page.entries.map(({ payload }) => (payload as { text: string }).text));
      before = page.position;
      if (!page.more) break;
    }
    expect(past).toEqual(texts(0, 25));
    expect(await live.nextOf(5)).toEqual(texts(25, 30));
  });

  it("can be walked, newest first, and stopped anywhere", async () => {
    await using chat = await startChat();
    await publishMany(chat, 120); // 100 are kept
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const walked: string[] = [];
    for await (const { payload } of room.history({ last: 30 })) walked.push((payload as { text: string }).text);
    expect(walked).toEqual(texts(20, 120).reverse());
    const first: string[] = [];
    for await (const { payload } of room.history({ last: 10, limit: 3 }))
      first.push((payload as { text: string }).text);
    expect(first).toEqual(["119", "118", "117"]);
  });

  it("reads forward from a position the application kept", async () => {
    await using chat = await startChat();
    await publishMany(chat, 10);
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const { entries } = await room.historyPage({ last: 5 });
    const kept = entries[1]?.meta.position;
    const later = await room.historyPage({ after: kept });
    expect(later.entries.map(({ payload }) => (payload as { text: string }).text)).toEqual(["7", "8", "9"]);
    expect(later.more).toBe(false);
  });

  it("says when a position is not kept any more, and from where on there is something", async () => {
    await using chat = await startChat();
    await publishMany(chat, 1);
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const kept = (await room.historyPage({ last: 1 })).entries[0]?.meta.position;
    await publishMany(chat, 150, 1);
    const refusal = await rejectionOf(room.historyPage({ after: kept }));
    expect(refusal).toMatchObject({ code: 308, name: "expired" });
    const page = await room.historyPage({ after: (refusal as HeddleError).floor });
    expect(page.entries[0]?.payload).toEqual({ text: "51" });
  });

  it("is read by the server alike", async () => {
    await using chat = await startChat();
    await publishMany(chat, 5);
    const room = chat.server.channel("room");
    const newest = await room.history({ roomId: "1" }, { last: 2 });
    expect(newest.events.map(({ payload }) => payload)).toEqual([{ text: "3" }, { text: "4" }]);
    expect(newest).toMatchObject({ more: true, head: newest.events[1]?.position });
    const older = await room.history({ roomId: "1" }, { before: newest.position });
    expect(older.events.map(({ payload }) => payload)).toEqual([{ text: "0" }, { text: "1" }, { text: "2" }]);
    expect(older.more).toBe(false);
    await expect(room.history({ roomId: "1" }, {})).rejects.toThrow(/^history: .* exactly one wanted/);
    await expect(room.history({ roomId: "1" }, { last: 1_001 })).rejects.toThrow(/^history\.limit: 1001 given/);
    await expect(room.history({ roomId: "1" }, { after: ["other", 1, 5] })).rejects.toMatchObject({ code: "expired" });
  });
});
