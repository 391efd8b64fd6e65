// Two nodes on one Redis to which things happen while somebody publishes at one and reads at the other. Nothing is restarted but Redis.

import { RedisServer } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { eventually, Node, pause, roomOf } from "./support/world.ts";

const messageCount = 120;

/** Publishes numbers while `happens` happens; all must arrive, each once and in order. */
async function undergo(server: RedisServer, happens: (server: RedisServer) => Promise<unknown>) {
  await using near = await Node.start({ url: server.url });
  await using far = await Node.start({ url: server.url });
  const reader = await far.reader("a");
  const room = roomOf(near.client("ada"), "a");
  const published: Promise<unknown>[] = [];
  const event = (async () => (await pause(150), await happens(server)))();
  for (let n = 1; n <= messageCount; n++) {
    published.push(room.publish("message", { n }));
    await pause(10);
  }
  await event;
  await Promise.all(published);
  await eventually("the last one is read", () => reader.numbers.at(-1) === messageCount);
  return { reader, stats: far.server.stats() };
}

const all = Array.from({ length: messageCount }, (_, index) => index + 1);

describe("two nodes on a Redis", () => {
  it.each([
    [
      "whose subscriptions are cut three times",
      async (server: RedisServer) => {
        for (let time = 0; time < 3; time++) {
          const cut = async () => Number(await server.command("client", "kill", "type", "pubsub")) > 0;
          await eventually("there is something to cut", cut);
          await pause(200);
        }
      },
    ],
    ["whose connections are all cut", (server: RedisServer) => server.command("client", "kill", "type", "normal")],
    ["that is killed and comes back with its data", (server: RedisServer) => server.restart()],
    [
      "that freezes for longer than two probes and an answer may take",
      async (server: RedisServer) => {
        server.freeze();
        await pause(2_500);
        server.thaw();
      },
    ],
    ["that forgets its scripts", (server: RedisServer) => server.command("script", "flush")],
  ])("show as one that misses nothing, on a Redis %s", async (_what, happens) => {
    await using server = await RedisServer.start({ isPersistent: true });
    const { reader } = await undergo(server, happens);
    expect(reader).toMatchObject({ numbers: all, gaps: [] });
  });

  it("tell their readers of a new epoch when Redis comes back empty, and go on", async () => {
    await using server = await RedisServer.start();
    await using near = await Node.start({ url: server.url });
    await using far = await Node.start({ url: server.url });
    const reader = await far.reader("a");
    const room = roomOf(near.client("ada"), "a");
    await room.publish("message", { n: 1 });
    await eventually("it is read", () => reader.numbers.length === 1);
    await server.restart({ keepData: false });
    await room.publish("message", { n: 2 });
    await eventually("the reader is told", () => reader.gaps.length > 0);
    await room.publish("message", { n: 3 });
    await eventually("the last one is read", () => reader.numbers.at(-1) === 3);
    expect(reader.gaps).toEqual(["epoch"]);
    expect(far.server.stats().guarantee).toMatchObject({ log: "redis", ack: "primary" });
  });

  it("carry volatile events to each other, again after the link was cut", async () => {
    await using server = await RedisServer.start();
    await using near = await Node.start({ url: server.url });
    await using far = await Node.start({ url: server.url });
    const signs: number[] = [];
    const listening = roomOf(far.client("ben"), "a");
    listening.on("sign", ({ n }) => void signs.push(n));
    await listening.ready();
    const room = roomOf(near.client("ada"), "a");
    // At most once: one that is lost is not sent again, the next one is another.
    const isHeard = (n: number) => async (): Promise<boolean> => {
      await room.publish("sign", { n }, { volatile: true });
      return signs.includes(n);
    };
    await eventually("one is heard", isHeard(1));
    await server.command("client", "kill", "type", "pubsub");
    await eventually("a later one is heard", isHeard(2));
    expect(signs).toEqual([...signs].sort((a, b) => a - b));
  });
});
