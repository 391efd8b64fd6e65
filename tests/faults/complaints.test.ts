// What users of other systems complained about, on real processes: two nodes, one Redis. The titles name their issues.

import { describe, expect, it, vi } from "vitest";
import { Feed } from "./support/feed/feed.ts";
import { runMillion } from "./support/feed/million.ts";
import { runOutage } from "./support/feed/outage.ts";
import { feedClient } from "./support/feed/reader.ts";

const seed = Number(process.env["HEDDLE_SEED"] ?? 1);

describe("dotnet/aspnetcore#55575: nodes are killed while messages flow", () => {
  it("→ clients go on at the other node, and of 8 000 messages none is lost and none comes twice", async () => {
    const { problems, counts } = await runMillion({ deliveryCount: 8_000, seed, killEvery: 1_600 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ delivered: 8_000, lost: 0, repeated: 0, gaps: 0 });
  });
});

describe("the broker restarts", () => {
  it("laravel/reverb#258 → the same processes go on publishing, and nobody misses or repeats anything", async () => {
    const { problems, counts } = await runOutage({ seed, awayMs: 2_000, keepData: true });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ lost: 0, repeated: 0, gaps: 0, "nodes killed": 0 });
  });

  it("centrifugal/centrifuge-go#159 → empty: every reader is told of a new epoch, and none that it went on", async () => {
    const { problems, counts } = await runOutage({ seed, awayMs: 1_000, keepData: false });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ gaps: 16, "readers wrongly told that they resumed": 0, "nodes killed": 0 });
  });
});

describe("socketio/socket.io-redis-streams-adapter#6: a question to the whole cluster, and one node does not answer", () => {
  it("→ the others' answers in bounded time, with the name of the missing node; once it is gone nobody waits", async () => {
    await using feed = await Feed.start({ channelCount: 1, readersEach: 1, seed });
    const [here, there] = feed.nodes as [(typeof feed.nodes)[0], (typeof feed.nodes)[0]];
    const clients = feed.nodes.map(({ name, port }) => {
      const client = feedClient("asked", [port]);
      client.onAsk("where", () => ({ at: name }));
      client.connect();
      return client;
    });
    try {
      await vi.waitFor(async () => expect((await feed.ask(here)).answers.toSorted()).toEqual(["n1", "n2"]), {
        timeout: 60_000,
        interval: 200,
      });
      there.child.freeze(60_000);
      const { answers, missing, tookMs } = await feed.ask(here);
      expect({ answers, missing }).toEqual({ answers: ["n1"], missing: [`${there.name}.${there.run}`] });
      expect(tookMs).toBeLessThan(20_000); // of its own accord after three seconds; the machine may be busy
      await there.child.kill();
      await vi.waitFor(async () => expect((await feed.ask(here)).missing).toEqual([]), {
        timeout: 60_000,
        interval: 200,
      });
      expect((await feed.ask(here)).answers).toEqual(["n1"]);
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
  });
});
