import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { rejectionOf } from "../support/rejection.ts";

describe("a payload that breaks its schema", () => {
  it("is refused with path and rule, and the connection lives", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const inbox = new Inbox<string>();
    room.on("message", ({ text }) => inbox.take(text));
    await room.ready();
    const refusal = await rejectionOf(room.publish("message", { text: "" }));
    expect(refusal).toMatchObject({
      ...{ code: 306, name: "refused", retryable: false },
      issues: [{ path: ["text"], message: expect.stringContaining("1 character") as string }],
    });
    await room.publish("message", { text: "better" });
    expect(await inbox.next()).toBe("better");
    expect(ada.stats).toMatchObject({ connects: 1 });
    expect(chat.logger.errors()).toEqual([]);
  });

  it("of the server itself is thrown at once, and reaches nobody", async () => {
    await using chat = await startChat();
    const publishing = chat.server.channel("room").publish({ roomId: "1" }, "message", { text: "" });
    await expect(publishing).rejects.toMatchObject({ code: "refused", issues: [{ path: ["text"] }] });
    await expect(
      chat.server.channel("room").publish({ roomId: "x".repeat(65) }, "message", { text: "hi" }),
    ).rejects.toMatchObject({ code: "unknownName" });
    const { events } = await chat.server.channel("room").history({ roomId: "1" }, { last: 10 });
    expect(events).toEqual([]);
  });
});
