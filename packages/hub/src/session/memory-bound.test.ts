import { describe, expect, it } from "vitest";
import { hubLimits } from "../options.ts";
import { openPolicy, openWorld, sub } from "../testing/fixture.ts";
import type { ChannelPolicy } from "../ports/index.ts";

const policies: Readonly<Record<string, Partial<ChannelPolicy>>> = {
  resume: { mode: "resume" },
  key: { mode: "key" },
  latest: { mode: "latest" },
  volatile: { mode: "volatile" },
};

describe("stalled readers", () => {
  it.each(Object.keys(policies))(
    "of %s channels hold a queue each and no more, whatever is published, and the others get everything in time",
    async (mode) => {
      const limits = { ...hubLimits, queueBytes: 65_536, ringsBytes: 500_000 };
      const world = await openWorld({ channels: { room: openPolicy(policies[mode]) }, limits });
      const stalled = [];
      for (let n = 0; n < 8; n++) {
        const client = await world.connect({ token: `s${n}` });
        await client.say(...[1, 2, 3].map((r) => sub(r, "live", { ch: `room/${r}` })));
        client.port.isFrozen = true;
        stalled.push(client);
      }
      const reader = await world.connect({ token: "reader" });
      await reader.say(...[1, 2, 3].map((r) => sub(r, "live", { ch: `room/${r}` })));
      const text = "x".repeat(4_000);
      for (let n = 1; n <= 100; n++) {
        for (const r of [1, 2, 3])
          await world.hub.publish(`room/${r}`, { event: "message", json: `"${n} ${text}"`, key: `${n % 50}` });
        await world.clock.advanceAsync(1);
        if (n % 5 === 0) await reader.ackAll();
        const largest = Math.max(...stalled.map(({ port }) => port.queuedBytes));
        expect(largest).toBeLessThanOrEqual(limits.queueBytes + limits.controlHeadroomBytes + text.length + 200);
      }
      expect(Math.min(...stalled.map(({ port }) => port.queuedBytes))).toBeGreaterThan(limits.queueBytes / 2);
      await reader.ackAll();
      await world.clock.advanceAsync(1_000);
      expect(reader.of("m").length).toBe(300);
      expect(stalled.filter(({ port }) => port.closedWith !== undefined)).toEqual([]);
    },
  );
});
