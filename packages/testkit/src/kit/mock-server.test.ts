import { createClient, type Client } from "@heddle/client";
import { forbid, refuse } from "@heddle/server";
import { beforeEach, describe, expect, it } from "vitest";
import { chat, type Chat } from "../testing/chat.ts";
import { recordDeliveries } from "./deliveries.ts";
import { mockServer, type MockServer } from "./mock-server.ts";
import { virtualTime, type VirtualTime } from "./virtual-time.ts";

let time: VirtualTime;
let mock: MockServer<Chat>;
let ada: Client<Chat>;

const params = { roomId: "1" };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const clientOf = (user: string): Client<Chat> => createClient<Chat>(mock.clientOptions(user));

beforeEach(async () => {
  time = virtualTime();
  mock = await mockServer(chat, {
    clock: time,
    logger: quiet,
    calls: { rename: ({ name }) => ({ name: name.toUpperCase() }) },
    channels: { room: { on: { message: ({ text }) => (text === "rude" ? refuse("be kind") : { text: `${text}!` }) } } },
  });
  ada = clientOf("ada");
});

describe("a mock server's calls", () => {
  it("are answered as the test says, and written down", async () => {
    expect(await time.run(ada.call("rename", { name: "den" }))).toEqual({ name: "DEN" });
    expect(mock.calls).toEqual([{ name: "rename", input: { name: "den" }, user: "ada" }]);
  });

  it("may be answered late, refused, or fail", async () => {
    mock.answer("rename", async (input) => {
      await time.sleep(800);
      return input;
    });
    const beforeMs = time.monotonicMs();
    await time.run(ada.call("rename", { name: "den" }));
    expect(time.monotonicMs() - beforeMs).toBe(800);
    mock.answer("rename", () => forbid("not yours"));
    await expect(time.run(ada.call("rename", { name: "den" }))).rejects.toMatchObject({ code: 203 });
    mock.answer("rename", () => Promise.reject(new Error("disk full")));
    await expect(time.run(ada.call("rename", { name: "den" }))).rejects.toMatchObject({ code: 310 });
  });

  it("are refused when the test says nothing about them", async () => {
    const silent = await mockServer(chat, { clock: time });
    const client = createClient<Chat>(silent.clientOptions("ada"));
    await expect(time.run(client.call("rename", { name: "x" }))).rejects.toThrow("the mock has no answer to rename");
  });
});

describe("a mock server's channels", () => {
  it("let everybody do everything, pass the test's hooks, and write down what clients publish", async () => {
    const room = ada.channel("room", params);
    const seen = recordDeliveries(room);
    await time.run(room.publish("message", { text: "hi" }));
    await expect(time.run(room.publish("message", { text: "rude" }))).rejects.toMatchObject({ code: 306 });
    await time.settle();
    seen.expectDelivered([{ text: "hi!" }]);
    expect(mock.publishes.map(({ payload, user }) => [payload, user])).toEqual([
      [{ text: "hi" }, "ada"],
      [{ text: "rude" }, "ada"],
    ]);
  });

  it("deliver what the test publishes", async () => {
    const seen = recordDeliveries(ada.channel("room", params));
    await time.settle();
    await mock.publish("room", params, "message", { text: "from the server" });
    await mock.publish("room", params, "typing", { on: true });
    await time.settle();
    seen.expectDelivered([{ text: "from the server" }, { on: true }]);
  });

  it("have a gap when the test wants one, and go on behind it", async () => {
    const seen = recordDeliveries(ada.channel("room", params));
    await time.settle();
    await mock.publish("room", params, "message", { text: "a" });
    await time.settle();
    mock.gap("room", params);
    await time.advance(10_000);
    expect(seen.expectGap({ why: "epoch" }).from).toEqual(seen.all[0]?.meta.position);
    await mock.publish("room", params, "message", { text: "b" });
    await time.settle();
    seen.expectDelivered([{ text: "a" }, { text: "b" }]);
    seen.expectInOrder();
  });

  it("are closed to whom the test closes them, and begin with its snapshot", async () => {
    const strict = await mockServer(chat, {
      clock: time,
      channels: { room: { authorize: ({ user }) => user.id === "ada", snapshot: () => ["state"] } },
    });
    const bob = createClient<Chat>(strict.clientOptions("bob")).channel("room", params);
    recordDeliveries(bob);
    await expect(time.run(bob.ready())).rejects.toMatchObject({ code: 203 });
    const room = createClient<Chat>(strict.clientOptions("ada")).channel("room", params, { at: "snap" });
    const states: unknown[] = [];
    room.onSnapshot((state) => void states.push(state));
    await time.settle();
    expect(states).toEqual([["state"]]);
  });
});

describe("a mock server's word to clients", () => {
  it("asks, notifies and shows out", async () => {
    const bells: unknown[] = [];
    ada.onAsk("confirm", (question) => question === "sure?");
    ada.onNotice("bell", (notice) => void bells.push(notice));
    ada.connect();
    await time.settle();
    const { answers } = await time.run(mock.ask("ada", "confirm", "sure?"));
    expect(answers.map(({ value }) => value)).toEqual([true]);
    await mock.notify("ada", "bell", { loud: true });
    await time.settle();
    expect(bells).toEqual([{ loud: true }]);
    mock.disconnect("ada", 4403, "out");
    await time.settle();
    expect(ada.state).toMatchObject({ name: "closed", code: 4403 });
  });

  it("reaches anonymous clients too, and remembers only so much", async () => {
    const short = await mockServer(chat, { clock: time, recordedMax: 2, calls: { rename: (input) => input } });
    const client = createClient<Chat>(short.network.clientOptions("somebody"));
    for (const name of ["a", "b", "c"]) await time.run(client.call("rename", { name }));
    expect(short.calls.map(({ input }) => input.name)).toEqual(["b", "c"]);
    expect(short.calls[0]?.user).toMatch(/^~/);
  });
});
