import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, Line, online, reachable } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { unicastOutcome } from "../support/transports.ts";

const secret = "a secret that both nodes know, 32+";

describe("a notice to a user", () => {
  it("reaches every device of that user, on every node, and nobody else", async () => {
    const store = new MemoryStore();
    await using one = await startChat({ engine: memoryEngine({ store, node: "n1" }), secret });
    await using two = await startChat({ engine: memoryEngine({ store, node: "n2" }), secret });
    const [phone, desk, bob] = [clientOf(one, "ada"), clientOf(two, "ada"), clientOf(one, "bob")];
    const [p, d, b] = [new Inbox<string>(), new Inbox<string>(), new Inbox<string>()];
    phone.onNotice("notify", ({ text }) => p.take(text));
    desk.onNotice("notify", ({ text }) => d.take(text));
    bob.onNotice("notify", ({ text }) => b.take(text));
    await Promise.all([phone, desk, bob].map(online));
    await one.server.user("ada").send("notify", { text: "for ada" });
    await one.server.user("bob").send("notify", { text: "for bob" });
    expect(await p.next()).toBe("for ada");
    expect(await d.next()).toBe("for ada");
    expect(await b.next()).toBe("for bob");
    expect([p.all.length, d.all.length, b.all.length]).toEqual([1, 1, 1]);
    await Promise.all([phone, desk, bob].map((client) => client.close()));
  });

  it("survives a reconnect: what was sent meanwhile comes, in order, once", async () => {
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada");
    const inbox = new Inbox<string>();
    ada.onNotice("notify", ({ text }) => inbox.take(text));
    const first = await reachable(chat, ada);
    await chat.server.user("ada").send("notify", { text: "0" });
    expect(await inbox.next()).toBe("0");
    await reachable(chat, ada, [first]); // who is not there loses no line
    line.cut();
    for (const text of ["1", "2", "3"]) await chat.server.user("ada").send("notify", { text });
    line.mend();
    expect(await inbox.nextOf(3)).toEqual(["1", "2", "3"]);
    expect(ada.stats.connects).toBe(2);
    expect(inbox.all).toHaveLength(4);
  });
});

describe("a notice to one connection", () => {
  it("is delivered to it alone, and the sender knows", async () => {
    await using chat = await startChat();
    await using phone = clientOf(chat, "ada");
    await using desk = clientOf(chat, "ada");
    const [p, d] = [new Inbox<string>(), new Inbox<string>()];
    phone.onNotice("notify", ({ text }) => p.take(text));
    desk.onNotice("notify", ({ text }) => d.take(text));
    const id = await reachable(chat, phone);
    await online(desk);
    const outcome = await chat.server.connection(id).send("notify", { text: "you" });
    expect(outcome).toBe(unicastOutcome());
    expect(await p.next()).toBe("you");
    await chat.server.user("ada").send("notify", { text: "both" });
    expect(await d.next()).toBe("both");
  });

  it("that is not there is answered unknown", async () => {
    await using chat = await startChat();
    expect(await chat.server.connection("n1-77").send("notify", { text: "hello?" })).toBe("unknown");
  });
});

describe("showing a user out", () => {
  it("ends all of that user's connections for good, and no other", async () => {
    await using chat = await startChat();
    await using phone = clientOf(chat, "ada");
    await using desk = clientOf(chat, "ada");
    await using bob = clientOf(chat, "bob");
    const ends = new Inbox<string>();
    for (const client of [phone, desk])
      client.onState((state) => {
        if (state.name === "closed") ends.take(state.why);
      });
    await reachable(chat, desk, [await reachable(chat, phone)]);
    await online(bob);
    expect(await chat.server.user("ada").disconnect("house rules")).toEqual({ count: 2, missing: [] });
    expect(await ends.nextOf(2)).toEqual(["house rules", "house rules"]);
    expect(bob.state.name).toBe("online");
  });
});
