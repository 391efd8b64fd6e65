import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";

const secret = "a secret that both nodes know, 32+";

describe("a channel", () => {
  it("brings what is published to everybody in it, and to nobody else", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await using bob = clientOf(chat, "bob");
    const [a, b, other] = [new Inbox<string>(), new Inbox<string>(), new Inbox<string>()];
    ada.channel("room", { roomId: "42" }).on("message", ({ text }) => a.take(text));
    bob.channel("room", { roomId: "42" }).on("message", ({ text }) => b.take(text));
    bob.channel("room", { roomId: "43" }).on("message", ({ text }) => other.take(text));
    await Promise.all([
      ada.channel("room", { roomId: "42" }).ready(),
      bob.channel("room", { roomId: "42" }).ready(),
      bob.channel("room", { roomId: "43" }).ready(),
    ]);
    await ada.channel("room", { roomId: "42" }).publish("message", { text: "from a client" });
    await chat.server.channel("room").publish({ roomId: "42" }, "message", { text: "from the server" });
    await chat.server.channel("room").publish({ roomId: "43" }, "message", { text: "elsewhere" });
    expect(await a.nextOf(2)).toEqual(["from a client", "from the server"]);
    expect(await b.nextOf(2)).toEqual(["from a client", "from the server"]);
    expect(await other.next()).toBe("elsewhere");
    expect([a.all.length, b.all.length, other.all.length]).toEqual([2, 2, 1]);
  });

  it("may have any text as a parameter", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    for (const roomId of ["a/b", "ä ö%", "..", "$all", "?x#y", "名前"]) {
      const inbox = new Inbox<string>();
      const room = ada.channel("room", { roomId });
      room.on("message", ({ text }) => inbox.take(text));
      await room.ready();
      await chat.server.channel("room").publish({ roomId }, "message", { text: roomId });
      expect(await inbox.next()).toBe(roomId);
    }
  });

  it("tells every subscriber the same order, whoever publishes", async () => {
    await using chat = await startChat();
    const clients = ["ada", "bob", "cid"].map((user) => clientOf(chat, user));
    const inboxes = clients.map(() => new Inbox<string>());
    const rooms = clients.map((client) => client.channel("room", { roomId: "1" }));
    rooms.forEach((room, index) => room.on("message", ({ text }) => inboxes[index]?.take(text)));
    await Promise.all(rooms.map((room) => room.ready()));
    await Promise.all(
      rooms.flatMap((room, index) =>
        Array.from({ length: 20 }, (_, n) => room.publish("message", { text: `${index}:${n}` })),
      ),
    );
    const orders = await Promise.all(inboxes.map((inbox) => inbox.nextOf(60)));
    expect(orders[1]).toEqual(orders[0]);
    expect(orders[2]).toEqual(orders[0]);
    for (const index of [0, 1, 2]) {
      const own = orders[0]?.filter((text) => text.startsWith(`${index}:`));
      expect(own).toEqual(Array.from({ length: 20 }, (_, n) => `${index}:${n}`));
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it("spans nodes", async () => {
    const store = new MemoryStore();
    await using one = await startChat({ engine: memoryEngine({ store, node: "n1" }), secret });
    await using two = await startChat({ engine: memoryEngine({ store, node: "n2" }), secret });
    await using ada = clientOf(one, "ada");
    await using bob = clientOf(two, "bob");
    const inbox = new Inbox<string>();
    const room = bob.channel("room", { roomId: "42" });
    room.on("message", ({ text }, { user }) => inbox.take(`${user}: ${text}`));
    await room.ready();
    await ada.channel("room", { roomId: "42" }).publish("message", { text: "over there" });
    expect(await inbox.next()).toBe("ada: over there");
  });

  it("that asks who may use it refuses the others", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    await using keeper = clientOf(chat, "keeper");
    ada.channel("vault").on("note", () => {});
    await expect(ada.channel("vault").ready()).rejects.toMatchObject({ code: 203, name: "forbidden" });
    await expect(ada.channel("vault").publish("note", "x")).rejects.toMatchObject({ code: 203 });
    await expect(keeper.channel("vault").publish("note", "x")).resolves.toMatchObject({ duplicate: false });
  });
});
