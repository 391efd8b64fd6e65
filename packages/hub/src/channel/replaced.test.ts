import { describe, expect, it } from "vitest";
import { MemoryLog } from "../memory/memory-log.ts";
import type { Draft, Sink } from "../ports/index.ts";
import { engineWith } from "../testing/engine-with.ts";
import { openPolicy, openWorld, sub } from "../testing/fixture.ts";

/** An engine with one log that can lose its tail, as a failover does. */
function forkable() {
  const drafts: Draft[] = [];
  const sinks = new Set<Sink>();
  let log = new MemoryLog("E", 100);
  let gen = 1;
  const engine = engineWith({ phantoms: true }, () => ({
    append: async (_channel, draft) => {
      const { result, entry } = log.append(draft, 0, 0, 60_000);
      drafts.push(draft);
      if (entry !== undefined) for (const sink of sinks) sink.entry(gen, entry);
      return result;
    },
    attach: async (_channel, sink) => {
      sinks.add(sink);
      return { gen, detach: () => void sinks.delete(sink) };
    },
    read: async (_channel, query) => log.read(query, 0),
    heads: async () => [log.head],
  }));
  return {
    engine,
    /** Only the first `count` entries are left, and whoever listens is told that the link broke. */
    failOver(count: number): void {
      log = new MemoryLog("E", 100);
      for (const draft of drafts.splice(0).slice(0, count)) {
        log.append(draft, 0, 0, 60_000);
        drafts.push(draft);
      }
      const before = gen++;
      for (const sink of [...sinks]) sink.broken(before, "failover");
    },
  };
}

describe("when a log has lost its tail", () => {
  it("a conflated subscriber behind the head is not told the gap of those who stood at it", async () => {
    const { engine, failOver } = forkable();
    const world = await openWorld({ engine, channels: { room: openPolicy({ everyMs: 1_000 }) } });
    const write = async (value: unknown): Promise<void> => {
      await world.hub.publish("room/1", { event: "message", json: JSON.stringify(value) });
      await world.settle();
    };
    const [newest, all] = [await world.connect(), await world.connect()];
    await newest.say(sub(1, "live", { m: "latest" }));
    await all.say(sub(1));
    await write("a");
    await world.clock.advanceAsync(1);
    await write("b");
    await write("c");
    expect([newest.payloads, all.payloads]).toEqual([["a"], ["a", "b", "c"]]);
    failOver(2);
    await write("other");
    await world.clock.advanceAsync(5_000);
    expect(newest.of("gap")).toEqual([]);
    expect(newest.payloads.at(-1)).toBe("other");
    expect(all.of("gap")).toMatchObject([{ why: "fork", from: ["E", 3, expect.any(Number)] }]);
  });
});
