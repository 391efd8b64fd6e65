// The page's side alone: the server is a mock that does what each test says.
import { createClient } from "@heddle/client";
import { mockServer, virtualTime, type MockServer, type VirtualTime } from "@heddle/testkit";
import { refuse } from "@heddle/server";
import { beforeEach, describe, expect, it } from "vitest";
import { ChatRoom } from "./chat-room.ts";
import { chat } from "./contract.ts";

let time: VirtualTime;
let mock: MockServer<typeof chat>;
let room: ChatRoom;

beforeEach(async () => {
  time = virtualTime();
  mock = await mockServer(chat, { clock: time });
  room = new ChatRoom(createClient<typeof chat>(mock.clientOptions("ada")), "lobby");
  await time.settle();
});

describe("a chat room", () => {
  it("shows what others say", async () => {
    await mock.publish("room", { roomId: "lobby" }, "message", { text: "hi", from: "bob" });
    await time.settle();
    expect(room.lines).toEqual(["bob: hi"]);
  });

  it("sends what is said", async () => {
    await time.run(room.say("hello"));
    expect(mock.publishes).toMatchObject([{ channel: "room", event: "message", payload: { text: "hello" } }]);
  });

  it("tells why a name was refused", async () => {
    mock.answer("rename", () => refuse("the name is taken"));
    await time.run(room.rename("bob"));
    expect(room.banner).toBe("the name is taken");
  });

  it("marks the place where something is missing", async () => {
    mock.gap("room", { roomId: "lobby" });
    await time.settle();
    expect(room.lines).toEqual(["(something is missing here)"]);
  });

  it("says that it waits while the network is out, and stops saying so", async () => {
    mock.network.cut("ada");
    await time.advance(5_000);
    expect(room.banner).toMatch(/waiting|connecting/);
    mock.network.heal();
    await time.advance(30_000);
    expect(room.banner).toBe("");
  });
});
