import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, reachable } from "../support/clients.ts";
import { RawClient } from "../support/raw-client.ts";

const secret = "a secret that both nodes know, 32+";

describe("a question to a user", () => {
  it("is answered by every device, each with its own outcome", async () => {
    await using chat = await startChat();
    const [phone, desk, tv] = [clientOf(chat, "ada"), clientOf(chat, "ada"), clientOf(chat, "ada")];
    phone.onAsk("confirm", async ({ text }) => ({ yes: text === "sure?" }));
    desk.onAsk("confirm", () => {
      throw new Error("nobody at the desk");
    });
    const ids: string[] = [];
    for (const client of [phone, desk, tv]) ids.push(await reachable(chat, client, ids)); // nobody answers at the tv
    const result = await chat.server.user("ada").ask("confirm", { text: "sure?" });
    expect(result.answers).toEqual([{ connectionId: ids[0], value: { yes: true } }]);
    expect(result.failures).toHaveLength(2);
    const why = expect.stringContaining("nobody at the desk") as string; // the client says so, as its user's own code
    expect(result.failures).toContainEqual({ connectionId: ids[1], code: 310, why });
    expect(result.failures).toContainEqual({ connectionId: ids[2], code: 302, why: "nobody answers confirm" });
    expect(result.missing).toEqual([]);
    await Promise.all([phone, desk, tv].map((client) => client.close()));
  });

  it("that stays unanswered ends at its deadline, and a late answer is nobody's", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    const { answers, failures } = await chat.server.user("ada").ask("confirm", { text: "?" }, { timeoutMs: 30 });
    expect(answers).toEqual([]);
    expect(failures).toMatchObject([{ code: 309, why: "no answer within 30 ms" }]);
    raw.say({ t: "reply", r: (await raw.next("ask"))["r"], d: { yes: true } });
    await raw.settled();
    expect(chat.logger.errors()).toEqual([]);
  });

  it("to somebody who is not here has no answers", async () => {
    await using chat = await startChat();
    const result = await chat.server.user("nobody").ask("confirm", { text: "?" });
    expect(result).toEqual({ answers: [], failures: [], missing: [] });
  });

  it("reaches the devices on every node", async () => {
    const store = new MemoryStore();
    await using one = await startChat({ engine: memoryEngine({ store, node: "n1" }), secret });
    await using two = await startChat({ engine: memoryEngine({ store, node: "n2" }), secret });
    await using here = clientOf(one, "ada");
    await using there = clientOf(two, "ada");
    here.onAsk("confirm", () => ({ yes: true }));
    there.onAsk("confirm", () => ({ yes: false }));
    const ids = [await reachable(one, here)];
    ids.push(await reachable(two, there, ids));
    const result = await one.server.user("ada").ask("confirm", { text: "?" });
    expect(result).toEqual({
      answers: [
        { connectionId: ids[0], value: { yes: true } },
        { connectionId: ids[1], value: { yes: false } },
      ],
      failures: [],
      missing: [],
    });
    const now = await reachable(two, there, [...ids, await reachable(one, here, ids)]);
    expect(await one.server.connection(now).ask("confirm", { text: "?" })).toEqual({
      yes: false,
    });
  });

  it("whose answer breaks the contract is a failure with path and rule", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    const asking = chat.server.user("ada").ask("confirm", { text: "?" });
    raw.say({ t: "reply", r: (await raw.next("ask"))["r"], d: { yes: "maybe" } });
    const { answers, failures } = await asking;
    expect(answers).toEqual([]);
    expect(failures).toMatchObject([{ code: 306, why: expect.stringMatching(/^confirm: answer: yes: /) as string }]);
  });

  it("ends when the connection ends", async () => {
    await using chat = await startChat();
    const raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    const asking = chat.server.user("ada").ask("confirm", { text: "?" });
    await raw.next("ask");
    raw.socket.terminate();
    expect((await asking).failures).toMatchObject([{ code: 101 }]);
  });

  it("can be given up", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    const stop = new AbortController();
    const asking = chat.server.user("ada").ask("confirm", { text: "?" }, { signal: stop.signal });
    const { r } = (await raw.next("ask")) as unknown as { r: string };
    stop.abort();
    expect((await asking).failures).toMatchObject([{ code: 309, why: "cancelled" }]);
    expect(await raw.next("cancel")).toEqual({ t: "cancel", r });
  });
});

describe("a question to one connection", () => {
  it("resolves with its answer or rejects with why there is none", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    let answer: () => { yes: boolean } = () => ({ yes: true });
    ada.onAsk("confirm", () => answer());
    const first = await reachable(chat, ada);
    expect(await chat.server.connection(first).ask("confirm", { text: "?" })).toEqual({ yes: true });
    const connection = chat.server.connection(await reachable(chat, ada, [first]));
    answer = () => {
      throw new Error("no idea");
    };
    await expect(connection.ask("confirm", { text: "?" })).rejects.toMatchObject({
      ...{ code: "failed", message: expect.stringMatching(/^confirm: .*no idea$/) as string },
    });
    await expect(chat.server.connection("n1-77").ask("confirm", { text: "?" })).rejects.toMatchObject({
      code: "unknownName",
    });
    await expect(connection.ask("confirm", { text: "?" }, { timeoutMs: 0 })).rejects.toThrow(
      /^ask\.timeoutMs: 0 given/,
    );
  });

  it("of another user cannot be answered by guessing its number", async () => {
    await using chat = await startChat();
    await using ada = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    await using eve = await RawClient.greet(`${chat.url}/realtime`, { k: "eve" });
    const asking = chat.server.user("ada").ask("confirm", { text: "?" });
    const { r } = await ada.next("ask");
    eve.say({ t: "reply", r, d: { yes: false } });
    await eve.settled();
    ada.say({ t: "reply", r, d: { yes: true } });
    expect((await asking).answers).toMatchObject([{ value: { yes: true } }]);
  });
});
