import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, Line, online } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

const secret = "a secret that both nodes know, 32+";

describe("a broadcast", () => {
  it("reaches everyone, on every node", async () => {
    const store = new MemoryStore();
    await using one = await startChat({ engine: memoryEngine({ store, node: "n1" }), secret });
    await using two = await startChat({ engine: memoryEngine({ store, node: "n2" }), secret });
    const clients = [clientOf(one, "ada"), clientOf(one, "bob"), clientOf(two, "cid")];
    const inboxes = clients.map(() => new Inbox<string>());
    clients.forEach((client, index) => client.onNotice("notify", ({ text }) => inboxes[index]?.take(text)));
    await Promise.all(clients.map(online));
    await one.server.broadcast("notify", { text: "tea is ready" });
    for (const inbox of inboxes) expect(await inbox.next()).toBe("tea is ready");
    await Promise.all(clients.map((client) => client.close()));
  });

  it("waits for somebody who is away for a moment, and comes once", async () => {
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada");
    const inbox = new Inbox<string>();
    ada.onNotice("notify", ({ text }) => inbox.take(text));
    await online(ada);
    await chat.server.broadcast("notify", { text: "one" });
    expect(await inbox.next()).toBe("one");
    line.cut();
    await chat.server.broadcast("notify", { text: "two" });
    line.mend();
    expect(await inbox.next()).toBe("two");
    await chat.server.broadcast("notify", { text: "three" });
    expect(await inbox.next()).toBe("three");
    expect(inbox.all).toEqual(["one", "two", "three"]);
  });

  it("is checked like everything else", async () => {
    await using chat = await startChat();
    await expect(chat.server.broadcast("notify", {} as { text: string })).rejects.toMatchObject({ code: "refused" });
    await expect(chat.server.broadcast("shout" as "notify", { text: "" })).rejects.toMatchObject({
      code: "unknownName",
    });
  });
});
