import { describe, expect, it } from "vitest";
import type { Engine } from "../ports/index.ts";
import { engineWith } from "../testing/engine-with.ts";
import { openWorld, sub } from "../testing/fixture.ts";

/** An engine whose pushes get lost while the test wants it. */
function lossy(): { readonly engine: Engine; readonly link: { isLosing: boolean } } {
  const link = { isLosing: false };
  const engine = engineWith({}, (real) => ({
    attach: (channel, sink) =>
      real().attach(channel, {
        entry: (gen, entry) => (link.isLosing ? undefined : sink.entry(gen, entry)),
        broken: (gen, why) => sink.broken(gen, why),
      }),
  }));
  return { engine, link };
}

describe("the audit", () => {
  // Looks come every 15 s: whatever a channel's silence has to do with them, the bound holds.
  it.each([0, 1_000, 14_999, 15_001, 29_000, 46_000])(
    "finds a lost last message within a minute when the channel was silent for %i ms before",
    async (silentMs) => {
      const { engine, link } = lossy();
      const world = await openWorld({ engine });
      const client = await world.connect();
      await client.say(sub(1));
      for (let ms = 0; ms < silentMs; ms += 5_000) {
        await world.clock.advanceAsync(Math.min(5_000, silentMs - ms));
        await client.say({ t: "ping" });
      }
      link.isLosing = true;
      await world.hub.publish("room/1", { event: "message", json: "1" });
      link.isLosing = false;
      for (let ms = 0; ms < 60_000; ms += 5_000) {
        await world.clock.advanceAsync(5_000);
        await client.say({ t: "ping" });
      }
      expect(client.payloads).toEqual([1]);
    },
  );
});
