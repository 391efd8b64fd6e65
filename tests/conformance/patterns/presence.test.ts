import type { Member } from "@heddle/client";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, Line, reachable, type ChatClient } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

const names = (members: ReadonlyMap<string, Member>): string[] =>
  [...members.values()].map(({ data }) => (data as { name: string }).name).sort();

/** Follows who is in the room; resolves when exactly these are. */
function watch(client: ChatClient): { seen: Inbox<string>; until(...wanted: string[]): Promise<void> } {
  const seen = new Inbox<string>();
  client.channel("room", { roomId: "1" }, { presence: true }).presence.onChange(({ members }) => {
    seen.take(names(members).join());
  });
  return {
    seen,
    until: async (...wanted) => {
      while ((await seen.next()) !== wanted.join());
    },
  };
}

describe("presence", () => {
  it("shows who is there, with their data, to those who watch", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await using bob = clientOf(chat, "bob");
    const watching = watch(bob);
    const room = ada.channel("room", { roomId: "1" });
    await room.presence.enter({ name: "Ada" });
    await watching.until("Ada");
    await bob.channel("room", { roomId: "1" }).presence.enter({ name: "Bob" });
    await watching.until("Ada", "Bob");
    await room.presence.update({ name: "Ada L." });
    await watching.until("Ada L.", "Bob");
    await room.presence.leave();
    await watching.until("Bob");
    const members = await chat.server.channel("room").members({ roomId: "1" });
    expect(members).toEqual([{ id: bob.x, user: "bob", data: { name: "Bob" } }]);
    expect(await room.presence.list()).toMatchObject([{ user: "bob", data: { name: "Bob" } }]);
  });

  it("survives a short loss of the line without anybody seeing a leave", async () => {
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada");
    await using bob = clientOf(chat, "bob");
    const watching = watch(bob);
    await ada.channel("room", { roomId: "1" }).presence.enter({ name: "Ada" });
    await watching.until("Ada");
    line.cut();
    // Between two polls there is nothing to cut: the next one fails.
    while (ada.state.name === "online") await new Promise<void>((resolve) => void ada.onState(() => resolve()));
    line.mend();
    while (ada.stats.connects < 2) await new Promise<void>((resolve) => void ada.onState(() => resolve()));
    await ada.channel("room", { roomId: "1" }).presence.update({ name: "Ada again" });
    await watching.until("Ada again");
    expect(watching.seen.all.slice(watching.seen.all.indexOf("Ada"))).not.toContain("");
  });

  it("ends at once when somebody leaves on purpose", async () => {
    await using chat = await startChat();
    const ada = clientOf(chat, "ada");
    await using bob = clientOf(chat, "bob");
    const watching = watch(bob);
    await ada.channel("room", { roomId: "1" }).presence.enter({ name: "Ada" });
    await watching.until("Ada");
    await ada.close();
    await watching.until("");
    expect(await chat.server.channel("room").members({ roomId: "1" })).toEqual([]);
  });

  it("refuses data that breaks the contract", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const entering = ada.channel("room", { roomId: "1" }).presence.enter({ name: "x".repeat(41) });
    await expect(entering).rejects.toMatchObject({ code: 306, issues: [{ path: ["name"] }] });
  });
});

describe("typing", () => {
  it("is told to who is there, is never stored, and moves no position", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await using bob = clientOf(chat, "bob");
    const typing = new Inbox<boolean>();
    const room = bob.channel("room", { roomId: "1" });
    room.on("typing", ({ on }) => typing.take(on));
    await room.ready();
    const before = room.received;
    await ada.channel("room", { roomId: "1" }).publish("message", { text: "hi" });
    const over = [await reachable(chat, bob)]; // what is volatile is for those who are there
    await ada.channel("room", { roomId: "1" }).publish("typing", { on: true }, { volatile: true });
    expect(await typing.next()).toBe(true);
    await reachable(chat, bob, over);
    await chat.server.channel("room").publish({ roomId: "1" }, "typing", { on: false });
    expect(await typing.next()).toBe(false);
    const { events, head } = await chat.server.channel("room").history({ roomId: "1" }, { last: 10 });
    expect(events.map(({ event }) => event)).toEqual(["message"]);
    expect(room.received).toEqual(head);
    expect(before).not.toEqual(head);
  });
});
