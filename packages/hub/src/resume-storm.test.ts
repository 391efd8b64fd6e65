import { describe, expect, it } from "vitest";
import { MemoryStore, memoryEngine } from "./memory/index.ts";
import { openPolicy, openWorld, pub } from "./testing/fixture.ts";

const channelCount = 50;
const clientCount = 10_000;
const entryCount = 20;

describe("a node that comes up before ten thousand returning clients", () => {
  it("reads the log once per channel, and every client gets exactly what it missed", async () => {
    const store = new MemoryStore();
    const channels = { room: openPolicy() };
    const before = await openWorld({ channels, engine: memoryEngine({ node: "n1", store }) });
    const writer = await before.connect({ token: "w" });
    const names = Array.from({ length: channelCount }, (_, index) => `room/${index}`);
    const positions = new Map<string, unknown[]>();
    for (const ch of names) {
      before.clock.advance(1_000); // so much at once would be refused
      positions.set(ch, []);
      for (let n = 1; n <= entryCount; n++) {
        await writer.say(pub(n, n, { ch }));
        positions.get(ch)?.push(["pos", ...(writer.last("ok").p ?? [])]);
      }
    }

    const after = await openWorld({ channels, engine: memoryEngine({ node: "n2", store }) });
    const clients = [];
    for (let index = 0; index < clientCount; index++) {
      const ch = names[index % channelCount] as string;
      const handled = 1 + (Math.floor(index / channelCount) % entryCount);
      const client = await after.connect({ greet: false });
      const subs = [{ r: 1, ch, at: positions.get(ch)?.[handled - 1] }];
      void client.say({ t: "hello", v: 1, k: `u${index}`, pid: `pid-${10_000 + index}`, subs });
      clients.push({ client, handled });
    }
    await after.settle();

    for (const { client, handled } of clients) {
      expect(client.last("subd").rec).toBe("full");
      expect(client.payloads).toEqual(Array.from({ length: entryCount - handled }, (_, index) => handled + 1 + index));
    }
    expect(after.hub.counters.resumes).toBe(clientCount);
    expect(after.hub.counters.storeReads).toBe(channelCount);
  }, 60_000);
});
